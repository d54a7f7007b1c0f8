// Threads that run one version's model, for versions too slow to run on an I/O thread.
//
// The queue is bounded: a full one refuses. What still waits when its deadline passes is never run.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
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

  // False when the queue is full. Thread-safe.
  [[nodiscard]] bool try_submit(std::function<void()> job) { return queue_->try_push(std::move(job)); }
  std::size_t waiting() const { return queue_->size(); }

 private:
  using Queue = BoundedQueue<std::function<void()>>;

  std::shared_ptr<Queue> queue_;  // the threads' too: one of them may outlive the pool
  std::vector<std::thread> threads_;
};

}  // namespace slipway
