// Threads that run one version's model, for requests that would take too long on an I/O thread.
//
// The threads start with the first job, since most versions of small models never have one. The queue is bounded: a
// full one refuses. What still waits when its deadline passes is never run.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"

namespace slipway {

class RunnerPool {
 public:
  // Precondition: threads > 0, queue_max > 0.
  RunnerPool(unsigned threads, std::size_t queue_max);
  // Runs what is queued, then ends the threads. A job may drop the last reference to its pool: the thread that it runs
  // on is then left to end by itself.
  ~RunnerPool();
  RunnerPool(const RunnerPool&) = delete;
  RunnerPool& operator=(const RunnerPool&) = delete;

  // Waits until no runner of any pool is left; false when `limit` comes first. A run that cannot be interrupted
  // outlives its deadline, its request and its pool; a process must not take down under it what it uses.
  static bool wait_until_none(std::chrono::milliseconds limit);

  // False when the queue is full or no thread can be had. Thread-safe.
  [[nodiscard]] bool try_submit(std::function<void()> job);
  unsigned thread_count() const noexcept { return thread_count_; }
  std::size_t waiting() const { return queue_->size(); }

 private:
  using Queue = BoundedQueue<std::function<void()>>;
  void start();

  const unsigned thread_count_;
  std::shared_ptr<Queue> queue_;  // the threads' too: one of them may outlive the pool
  std::once_flag is_started_;
  std::vector<std::thread> threads_;
};

}  // namespace slipway
