#include "serving/deadline_timer.h"

#include <algorithm>

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

void DeadlineTimer::add(Entry entry) {
  bool is_next = false;
  {
    std::lock_guard lock(mutex_);
    if (entries_.size() >= purge_at_) purge();
    is_next = entries_.empty() || entry.when < entries_.front().when;
    entries_.push_back(std::move(entry));
    std::push_heap(entries_.begin(), entries_.end(), is_later);
  }
  if (is_next) changed_.notify_one();
}

std::size_t DeadlineTimer::entries() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

void DeadlineTimer::purge() {
  std::erase_if(entries_, [](const Entry& entry) { return entry.work.expired(); });
  std::make_heap(entries_.begin(), entries_.end(), is_later);
  purge_at_ = std::max(kPurgeMin, 2 * entries_.size());
}

void DeadlineTimer::loop() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    if (entries_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const Monotonic next = entries_.front().when;
    if (std::chrono::steady_clock::now() < next) {
      changed_.wait_until(lock, next);
      continue;
    }
    std::pop_heap(entries_.begin(), entries_.end(), is_later);
    const Entry due = std::move(entries_.back());
    entries_.pop_back();
    lock.unlock();
    if (const auto work = due.work.lock()) due.expire(work.get());
    lock.lock();
  }
}

}  // namespace slipway
