#include "audit/keeper.h"

#include <utility>

namespace slipway::audit {

Keeper::Keeper(KeeperDuties duties) : duties_(std::move(duties)), thread_([this] { run(); }) {}

void Keeper::request_blank() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(is_blank_wanted_, true)) return;
  }
  wake_.notify_one();
}

Result<File> Keeper::take_blank() {
  request_blank();
  std::unique_lock lock(mutex_);
  blank_ready_.wait(lock, [this] { return blank_.has_value(); });
  Result<File> blank = std::move(*blank_);
  blank_.reset();
  is_blank_wanted_ = false;
  return blank;
}

void Keeper::seal(const SegmentInfo& segment) {
  {
    std::lock_guard lock(mutex_);
    to_seal_.push_back(segment);
  }
  wake_.notify_one();
}

void Keeper::note_growth() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(has_grown_, true)) return;
  }
  wake_.notify_one();
}

void Keeper::stop() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::uint64_t Keeper::failures() const {
  std::lock_guard lock(mutex_);
  return failures_;
}

std::string Keeper::last_failure() const {
  std::lock_guard lock(mutex_);
  return last_failure_;
}

bool Keeper::is_checkpoint_due() const noexcept {
  return has_grown_ && (!signed_at_ || duties_.clock->monotonic() - *signed_at_ >= duties_.checkpoint_interval);
}

void Keeper::report(const Status& status) {
  if (status) return;
  ++failures_;
  last_failure_ = status.error().message;
}

void Keeper::make_blank(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  auto blank = make_blank_segment(duties_.blank_path, duties_.segment_bytes);
  lock.lock();
  if (!blank) report(fail(blank.error()));
  blank_ = std::move(blank);
  blank_ready_.notify_all();
}

void Keeper::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (is_blank_wanted_ && !blank_) {  // first, since a commit may wait for it
      make_blank(lock);
    } else if (!to_seal_.empty()) {
      const SegmentInfo segment = to_seal_.front();
      to_seal_.pop_front();
      lock.unlock();
      const Status sealed = duties_.seal(segment);
      lock.lock();
      report(sealed);
    } else if (is_stopping_) {
      return;
    } else if (is_checkpoint_due()) {
      has_grown_ = false;
      signed_at_ = duties_.clock->monotonic();
      lock.unlock();
      const Status signing = duties_.sign_checkpoint();
      lock.lock();
      report(signing);
    } else {
      const auto is_work = [this] {
        return !to_seal_.empty() || is_stopping_ || (is_blank_wanted_ && !blank_) || is_checkpoint_due();
      };
      if (has_grown_) {
        wake_.wait_for(lock, duties_.checkpoint_interval, is_work);
      } else {
        wake_.wait(lock, [this, &is_work] { return is_work() || has_grown_; });
      }
    }
  }
}

}  // namespace slipway::audit
