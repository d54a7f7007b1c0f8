#include "serving/runner_pool.h"

#include <condition_variable>
#include <system_error>

namespace slipway {
namespace {

// Of the whole process; never destroyed, since threads may end after everything else.
class Census {
 public:
  void enter() {
    std::lock_guard lock(mutex_);
    ++runners_;
  }
  void leave() {
    std::lock_guard lock(mutex_);
    --runners_;
    left_.notify_all();
  }
  bool wait_until_none(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return left_.wait_for(lock, limit, [this] { return runners_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  std::size_t runners_ = 0;
};

Census& census() {
  static Census* const the_census = new Census;
  return *the_census;
}

}  // namespace

bool RunnerPool::wait_until_none(std::chrono::milliseconds limit) { return census().wait_until_none(limit); }

RunnerPool::RunnerPool(unsigned threads, std::size_t queue_max)
    : thread_count_(threads), queue_(std::make_shared<Queue>(queue_max)) {}

bool RunnerPool::try_submit(std::function<void()> job) {
  try {
    std::call_once(is_started_, [this] { start(); });
  } catch (const std::system_error&) {
    return false;  // the system has no thread to give; the next job asks again
  }
  return queue_->try_push(std::move(job));
}

void RunnerPool::start() {
  threads_.reserve(thread_count_);
  while (threads_.size() < thread_count_) {
    threads_.emplace_back([queue = queue_] {
      census().enter();
      while (auto job = queue->pop()) (*job)();
      census().leave();
    });
  }
}

RunnerPool::~RunnerPool() {
  queue_->close();
  for (std::thread& thread : threads_) {
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();
    } else {
      thread.join();
    }
  }
}

}  // namespace slipway
