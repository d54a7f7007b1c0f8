#include "storage/write_queue.h"

#include <algorithm>

namespace slipway {
namespace {

constexpr int kCommitTimes = 4;                           // company is waited for during a quarter of a commit
constexpr std::chrono::microseconds kCompanyWaitMin{10};  // less is not worth a sleep
constexpr std::chrono::milliseconds kCompanyWaitMax{2};

}  // namespace

void WriteQueue::Write::give(Turn turn) {
  turn_ = turn;
  ::sem_post(&given_);  // the last use of this: the waiter frees it then, which a semaphore allows (POSIX)
}

WriteQueue::Write::Turn WriteQueue::Write::await() {
  while (::sem_wait(&given_) != 0) {  // a signal came
  }
  return turn_;
}

bool WriteQueue::enter(Write& write) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(&write);
    if (!has_leader_) {
      has_leader_ = true;
      return true;
    }
    if (missing_ > 0 && --missing_ == 0) has_company_.notify_one();
  }
  return write.await() == Write::Turn::kLead;
}

WriteQueue::Write* WriteQueue::next() {
  const Monotonic now = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  if (group_.empty()) {
    begun_ = now;
    company_until_ = {};
  } else if (group_.size() == kGroupMax || now - begun_ >= kGroupTimeMax) {
    return nullptr;
  }
  if (waiting_.empty() && group_.size() < company_) await_company(lock, now);
  if (waiting_.empty()) return nullptr;
  group_.push_back(waiting_.front());
  waiting_.pop_front();
  return group_.back();
}

void WriteQueue::await_company(std::unique_lock<std::mutex>& lock, Monotonic now) {
  if (company_until_ == Monotonic{}) {
    const std::chrono::nanoseconds wait = commit_time_ / kCommitTimes;
    company_until_ =
        now + (wait < kCompanyWaitMin ? wait.zero() : std::min<std::chrono::nanoseconds>(wait, kCompanyWaitMax));
  }
  if (now >= company_until_) return;
  missing_ = company_ - group_.size();
  has_company_.wait_until(lock, company_until_, [this] { return missing_ == 0; });
  missing_ = 0;
}

void WriteQueue::leave(std::chrono::nanoseconds commit_took) {
  std::vector<Write*> done;
  Write* next_leader = nullptr;
  {
    const std::lock_guard lock(mutex_);
    commit_time_ = (commit_time_ * 3 + commit_took) / 4;
    company_ = group_.size() + waiting_.size();
    done.swap(group_);
    has_leader_ = !waiting_.empty();
    if (has_leader_) next_leader = waiting_.front();
  }
  if (next_leader != nullptr) next_leader->give(Write::Turn::kLead);
  for (std::size_t i = 1; i < done.size(); ++i) done[i]->give(Write::Turn::kDone);  // the first is the leader's own
}

}  // namespace slipway
