// Ends work when its deadline passes, from one thread of its own; for runs that must be answered although they go on.
//
// Most work ends long before its deadline. The timer holds it weakly and forgets what has ended: it never keeps more
// than twice the entries of work that still goes on (and kPurgeMin).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace slipway {

class DeadlineTimer {
 public:
  static constexpr std::size_t kPurgeMin = 64;

  DeadlineTimer();
  ~DeadlineTimer();  // deadlines still ahead are dropped
  DeadlineTimer(const DeadlineTimer&) = delete;
  DeadlineTimer& operator=(const DeadlineTimer&) = delete;

  // Calls work->expire() on the timer's thread at or after `when`, if it is still there; it must be quick. Thread-safe;
  // O(log entries), and amortised O(1) to forget.
  template <typename Work>
  void schedule(Monotonic when, const std::shared_ptr<Work>& work) {
    add({when, work, [](void* ended) { static_cast<Work*>(ended)->expire(); }});
  }

  std::size_t entries() const;

 private:
  struct Entry {
    Monotonic when;
    std::weak_ptr<void> work;
    void (*expire)(void* work);
  };
  static bool is_later(const Entry& a, const Entry& b) noexcept { return a.when > b.when; }
  void add(Entry entry);
  void purge();
  void loop();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Entry> entries_;  // a heap, the nearest deadline in front
  std::size_t purge_at_ = kPurgeMin;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace slipway
