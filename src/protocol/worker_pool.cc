#include "protocol/worker_pool.h"

namespace slipway {

WorkerPool::WorkerPool(unsigned threads, std::size_t queue_max) : queue_(queue_max) {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      while (auto work = queue_.pop()) (*work)();
    });
  }
}

void WorkerPool::stop() {
  queue_.close();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool WorkerPool::try_post(std::function<void()> work) { return queue_.try_push(std::move(work)); }

}  // namespace slipway
