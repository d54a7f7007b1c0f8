#include "serving/deadline_timer.h"

namespace slipway {

DeadlineTimer::DeadlineTimer() : thread_([this] { loop(); }) {}

DeadlineTimer::~DeadlineTimer() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void DeadlineTimer::schedule(Monotonic when, std::function<void()> expire) {
  bool is_next = false;
  {
    std::lock_guard lock(mutex_);
    is_next = entries_.empty() || when < entries_.top().when;
    entries_.push({when, std::move(expire)});
  }
  if (is_next) changed_.notify_one();
}

void DeadlineTimer::loop() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    if (entries_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const Monotonic next = entries_.top().when;
    if (std::chrono::steady_clock::now() < next) {
      changed_.wait_until(lock, next);
      continue;
    }
    const auto expire = entries_.top().expire;
    entries_.pop();
    lock.unlock();
    expire();
    lock.lock();
  }
}

}  // namespace slipway
