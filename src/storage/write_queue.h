// Lets the threads that write to one database share its commits: a commit waits for the disk, what is committed does
// not (flat combining: Hendler et al., SPAA 2010).
//
// A thread that finds no leader leads: it runs its own write and those that others have queued, and commits them
// together; their threads sleep meanwhile, and the next in line leads the next group. A thread that is alone waits for
// nobody. Where several wrote at once a moment ago, the leader gives them a part of a commit's time to come again; else
// every second commit would hold only the write of the thread that was the first to return.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <semaphore.h>
#include <vector>

#include "base/clock.h"
#include "storage/driver.h"

namespace slipway {

class WriteQueue {
 public:
  // One transaction. Lives on the stack of the thread that waits for it.
  class Write {
   public:
    explicit Write(const ConnectionBody& to_run) : body(to_run) { ::sem_init(&given_, 0, 0); }
    ~Write() { ::sem_destroy(&given_); }
    Write(const Write&) = delete;
    Write& operator=(const Write&) = delete;
    const ConnectionBody& body;
    Status status;

   private:
    friend class WriteQueue;
    enum class Turn : std::uint8_t { kWait, kLead, kDone };
    void give(Turn turn);
    Turn await();

    // Not a condition variable: a waiter that is woken takes a mutex, which its waker still holds as often as not.
    sem_t given_;
    Turn turn_ = Turn::kWait;  // ordered by given_
  };

  static constexpr std::size_t kGroupMax = 256;
  static constexpr std::chrono::milliseconds kGroupTimeMax{10};  // no write joins a group that is older

  // Blocks until another thread has run `write` (false: its status is there) or this thread has to lead (true): then it
  // takes writes by next() until that is null, commits, and calls leave(). A group is never empty.
  bool enter(Write& write);

  Write* next();
  const std::vector<Write*>& group() const noexcept { return group_; }
  // How long the commit took decides how long company is worth waiting for.
  void leave(std::chrono::nanoseconds commit_took);

 private:
  void await_company(std::unique_lock<std::mutex>& lock, Monotonic now);

  std::mutex mutex_;
  std::deque<Write*> waiting_;
  bool has_leader_ = false;
  std::size_t missing_ = 0;  // writers that the leader waits for; 0: it does not wait
  std::condition_variable has_company_;

  // The leader's.
  std::vector<Write*> group_;
  Monotonic begun_{};
  Monotonic company_until_{};
  std::size_t company_ = 1;  // writers that were there when the last group ended
  std::chrono::nanoseconds commit_time_{0};
};

}  // namespace slipway
