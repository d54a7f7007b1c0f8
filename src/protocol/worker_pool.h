// A fixed number of threads for work that blocks, behind a bounded queue.
#pragma once

#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"

namespace slipway {

class WorkerPool {
 public:
  // Precondition: both > 0.
  WorkerPool(unsigned threads, std::size_t queue_max);
  ~WorkerPool() { stop(); }

  // Runs what is queued, then ends the threads; what they hold is freed by then. Not thread-safe.
  void stop();

  // False when the queue is full or stop() was called. Thread-safe.
  [[nodiscard]] bool try_post(std::function<void()> work);

 private:
  BoundedQueue<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
};

}  // namespace slipway
