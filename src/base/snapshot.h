// An immutable value that one side publishes and many threads read without a lock.
//
// Each reading thread caches the newest value; a read compares one epoch counter (an acquire load of a line that is
// written only on publish) and takes the lock only after a publish. A thread that reads no more pins the value it last
// saw: loops that may idle call read() on a tick so that old models can be freed. Values are destroyed by whoever drops
// them last.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace slipway {

template <typename T>
class SnapshotCell {
 public:
  explicit SnapshotCell(std::shared_ptr<const T> first) : value_(std::move(first)) {}
  SnapshotCell(const SnapshotCell&) = delete;
  SnapshotCell& operator=(const SnapshotCell&) = delete;

  void publish(std::shared_ptr<const T> next) {
    {
      std::lock_guard lock(mutex_);
      value_.swap(next);
      epoch_.fetch_add(1, std::memory_order_release);
    }
    // `next` now holds the old value; it is released here, outside the lock.
  }

  std::shared_ptr<const T> load() const {
    std::lock_guard lock(mutex_);
    return value_;
  }

  // One reader per thread and cell; not shared between threads.
  class Reader {
   public:
    explicit Reader(const SnapshotCell& cell) : cell_(&cell) { refresh(); }

    // Valid until the next read() of this Reader. Copy the pointer to keep it across a suspension.
    const std::shared_ptr<const T>& read() {
      if (cell_->epoch_.load(std::memory_order_acquire) != epoch_) [[unlikely]]
        refresh();
      return cached_;
    }

   private:
    void refresh() {
      std::shared_ptr<const T> old;  // destroyed after the lock is released
      std::lock_guard lock(cell_->mutex_);
      old = std::exchange(cached_, cell_->value_);
      epoch_ = cell_->epoch_.load(std::memory_order_relaxed);
    }
    const SnapshotCell* cell_;
    std::uint64_t epoch_ = 0;
    std::shared_ptr<const T> cached_;
  };

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
  alignas(64) std::atomic<std::uint64_t> epoch_{1};
};

}  // namespace slipway
