// Calls back when a deadline passes, from one thread of its own; for runs that must be answered although they go on.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace slipway {

class DeadlineTimer {
 public:
  DeadlineTimer();
  ~DeadlineTimer();  // deadlines still ahead are dropped
  DeadlineTimer(const DeadlineTimer&) = delete;
  DeadlineTimer& operator=(const DeadlineTimer&) = delete;

  // `expire` runs on the timer's thread at or after `when`; it must be quick. There is no cancel: let `expire` hold a
  // weak reference and find out that the work is done. Thread-safe.
  void schedule(Monotonic when, std::function<void()> expire);

 private:
  struct Entry {
    Monotonic when;
    std::function<void()> expire;
    bool operator>(const Entry& other) const noexcept { return when > other.when; }
  };
  void loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace slipway
