#include "audit/queue.h"

#include <utility>

#include "audit/segment.h"

namespace slipway::audit {

CommitQueue::CommitQueue(const QueueLimits& limits, std::uint64_t next_index) : limits_(limits) {
  // Left untouched: pages that no burst reaches cost no memory.
  waiting_.bytes = std::make_unique_for_overwrite<std::byte[]>(limits.bytes_max);
  waiting_.first_index = next_index;
}

Result<std::uint64_t> CommitQueue::push(std::span<const std::byte> leaf, Urgency urgency, Completion completion) {
  const std::size_t size = frame_bytes(leaf.size());
  bool must_wake = false;
  std::uint64_t index = 0;
  {
    std::lock_guard lock(mutex_);
    if (refusal_) return fail(*refusal_);
    if (is_closed_) return fail(Code::kFailedPrecondition, "audit.closed", "the audit log is closed");
    if (waiting_.size_bytes + size > limits_.bytes_max) {
      return fail(Code::kResourceExhausted, "audit.queue_full",
                  "the audit log's queue is full: " + std::to_string(waiting_.size_bytes) + " of " +
                      std::to_string(limits_.bytes_max) + " bytes wait for the disk");
    }
    put_frame({waiting_.bytes.get() + waiting_.size_bytes, size}, leaf);
    waiting_.size_bytes += size;
    index = waiting_.first_index + waiting_.count++;
    if (completion) waiting_.waiters.push_back({index, std::move(completion)});
    if (urgency == Urgency::kStrict) is_urgent_ = true;
    const bool is_wanted = urgency == Urgency::kStrict || waiting_.count == limits_.batch_records;
    if (writer_ == Writer::kAsleep ? urgency != Urgency::kPersonal : writer_ == Writer::kPolling && is_wanted) {
      writer_ = Writer::kAwake;  // the next producer need not wake it again
      must_wake = true;
    }
  }
  if (must_wake) wake_.notify_one();
  return index;
}

bool CommitQueue::is_due() const noexcept {
  return is_urgent_ || is_closed_ || waiting_.count >= limits_.batch_records;
}

bool CommitQueue::wait_until_due() {
  std::unique_lock lock(mutex_);
  const auto poll = [&] {
    writer_ = Writer::kPolling;
    wake_.wait_for(lock, limits_.batch_time, [this] { return is_due(); });
  };
  if (!is_due()) poll();
  while (waiting_.count == 0 && !is_closed_) {
    writer_ = Writer::kAsleep;
    wake_.wait(lock, [this] { return waiting_.count != 0 || is_closed_; });
    if (!is_due()) poll();
  }
  writer_ = Writer::kAwake;
  return waiting_.count != 0;
}

void CommitQueue::take(Batch& spent) {
  if (!spent.bytes) spent.bytes = std::make_unique_for_overwrite<std::byte[]>(limits_.bytes_max);
  spent.size_bytes = 0;
  spent.count = 0;
  spent.waiters.clear();
  std::lock_guard lock(mutex_);
  spent.first_index = waiting_.first_index + waiting_.count;
  std::swap(spent, waiting_);
  is_urgent_ = false;
}

void CommitQueue::close() {
  {
    std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  wake_.notify_all();
}

void CommitQueue::refuse(Error why) {
  std::lock_guard lock(mutex_);
  if (!refusal_) refusal_ = std::move(why);
}

CommitQueue::Depth CommitQueue::depth() const {
  std::lock_guard lock(mutex_);
  return {waiting_.first_index + waiting_.count, waiting_.size_bytes};
}

}  // namespace slipway::audit
