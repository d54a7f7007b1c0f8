#include "serving/runner_pool.h"

#include <condition_variable>
#include <map>
#include <system_error>

#include "serving/pooled_run.h"

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

Monotonic now() { return std::chrono::steady_clock::now(); }
double us(Monotonic::duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }

}  // namespace

class RunnerPool::Shared {
 public:
  explicit Shared(RunnerOptions options)
      : options_(std::move(options)),
        queue_(options_.queue_max, {.is_arrival_only = options_.policy.preserves_order}) {}

  // The run that found no place.
  std::shared_ptr<PooledRun> push(std::shared_ptr<PooledRun> run, const QueuedRequest& request) {
    std::shared_ptr<PooledRun> refused;
    {
      std::lock_guard lock(mutex_);
      const Monotonic arrival = now();
      if (last_arrival_ != Monotonic{}) interval_us_ += (us(arrival - last_arrival_) - interval_us_) / kIntervalMemory;
      last_arrival_ = arrival;
      if (queue_.is_empty()) first_arrival_ = arrival;
      refused = queue_.push(std::move(run), request);
    }
    changed_.notify_one();
    return refused;
  }
  void remove(const PooledRun& run) {
    std::lock_guard lock(mutex_);
    queue_.remove(&run);
  }
  std::size_t size() const {
    std::lock_guard lock(mutex_);
    return queue_.size();
  }
  void close() {
    {
      std::lock_guard lock(mutex_);
      is_closed_ = true;
    }
    changed_.notify_all();
  }

  // Until it is closed and empty.
  void serve() {
    Batch batch;
    std::uint64_t turn = 0;
    while (true) {
      const auto runs = take(turn);  // not kept while it waits for the next: they keep the model
      if (runs.empty()) return;
      deliver(turn, PooledRun::run(runs, batch));
    }
  }

 private:
  static constexpr double kIntervalMemory = 16;  // arrivals, of the mean interval between them

  std::vector<std::shared_ptr<PooledRun>> take(std::uint64_t& turn) {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return is_closed_ || !queue_.is_empty(); });
      if (queue_.is_empty()) return {};
      const std::uint32_t rows = options_.plan.rows_max > 1 ? queue_.rows_with_first() : 1;
      if (const auto until = wait_until(rows); until > now()) {
        changed_.wait_until(lock, until);
        continue;
      }
      auto runs = queue_.take(rows_to_take(rows, options_.policy, options_.plan));
      first_arrival_ = now();  // of those that are left: they have waited for the runner, not for others
      turn = turns_taken_++;
      return runs;
    }
  }

  // When to look again; in the past: now is the time to run.
  Monotonic wait_until(std::uint32_t rows) const {
    const Monotonic at = now();
    if (is_closed_ || options_.plan.rows_max <= 1) return at;
    const WaitingBatch waiting{.rows = rows,
                               .waited_us = us(at - first_arrival_),
                               .next_arrival_us = std::max(interval_us_, us(at - last_arrival_))};
    if (!is_worth_waiting(waiting, options_.policy, options_.plan, options_.curve)) return at;
    const Monotonic end = first_arrival_ + options_.policy.delay_max;
    if (!options_.policy.is_adaptive) return end;
    return std::min(end, at + std::chrono::microseconds(1 + static_cast<std::int64_t>(waiting.next_arrival_us)));
  }

  // Where the order is kept, what is ready early waits for its turn.
  void deliver(std::uint64_t turn, std::vector<PooledRun::Answer> answers) {
    if (options_.policy.preserves_order) {
      std::lock_guard lock(mutex_);
      early_.emplace(turn, std::move(answers));
      answers.clear();
      for (auto next = early_.begin(); next != early_.end() && next->first == turns_delivered_; ++turns_delivered_) {
        std::ranges::move(next->second, std::back_inserter(answers));
        next = early_.erase(next);
      }
      for (auto& [run, status] : answers) run->answer(std::move(status));  // before the next turn's
      return;
    }
    for (auto& [run, status] : answers) run->answer(std::move(status));
  }

  const RunnerOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  BatchQueue<PooledRun> queue_;
  Monotonic first_arrival_{};
  Monotonic last_arrival_{};
  double interval_us_ = 0;
  std::uint64_t turns_taken_ = 0;
  std::uint64_t turns_delivered_ = 0;
  std::map<std::uint64_t, std::vector<PooledRun::Answer>> early_;
  bool is_closed_ = false;
};

bool RunnerPool::wait_until_none(std::chrono::milliseconds limit) { return census().wait_until_none(limit); }

RunnerPool::RunnerPool(RunnerOptions options)
    : thread_count_(options.threads), shared_(std::make_shared<Shared>(std::move(options))) {}

void RunnerPool::submit(std::shared_ptr<PooledRun> run, const QueuedRequest& request) {
  try {
    std::call_once(is_started_, [this] { start(); });
  } catch (const std::system_error&) {
    return run->refuse();  // the system has no thread to give; the next request asks again
  }
  if (const auto refused = shared_->push(std::move(run), request)) refused->refuse();
}

void RunnerPool::forget(const PooledRun& run) { shared_->remove(run); }

std::size_t RunnerPool::waiting() const { return shared_->size(); }

void RunnerPool::start() {
  threads_.reserve(thread_count_);
  while (threads_.size() < thread_count_) {
    threads_.emplace_back([shared = shared_] {
      census().enter();
      shared->serve();
      census().leave();
    });
  }
}

RunnerPool::~RunnerPool() {
  shared_->close();
  for (std::thread& thread : threads_) {
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();
    } else {
      thread.join();
    }
  }
}

}  // namespace slipway
