// Threads that load versions, several at once, and stand back for everything else.
//
// They run at a low priority of processor and disk, so that a load takes what requests leave over. What is loading when
// the pool ends is finished first.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"

namespace slipway {

class LoadPool {
 public:
  static constexpr std::size_t kWaitingMax = 100'000;
  enum class Priority { kNormal, kLow };  // normal: while nothing is served yet

  // Precondition: threads > 0.
  LoadPool(unsigned threads, Priority priority);
  // Drops what has not begun.
  ~LoadPool();
  LoadPool(const LoadPool&) = delete;
  LoadPool& operator=(const LoadPool&) = delete;

  // False when too many wait.
  [[nodiscard]] bool try_submit(std::function<void()> load) { return queue_.try_push(std::move(load)); }

 private:
  void loop(Priority priority);

  BoundedQueue<std::function<void()>> queue_;
  std::atomic<bool> is_ending_{false};
  std::vector<std::thread> threads_;
};

}  // namespace slipway
