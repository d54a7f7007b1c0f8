// A bounded set of things that are slow to make and used by one thread at a time: connections.
//
// Thread-safe. The newest returned is lent first, so that those not needed stay untouched. A Lease must not outlive its
// Pool.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway {

template <typename T>
class Pool {
 public:
  using Make = std::function<Result<std::unique_ptr<T>>()>;

  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<T> item) : pool_(&pool), item_(std::move(item)) {}
    Lease(Lease&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), item_(std::move(other.item_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (pool_ != nullptr) pool_->give_back(std::move(item_));
    }
    T& operator*() const noexcept { return *item_; }
    T* operator->() const noexcept { return item_.get(); }
    // The thing is broken: it is destroyed, and its place is free for a new one.
    void discard() noexcept { item_.reset(); }

   private:
    Pool* pool_;
    std::unique_ptr<T> item_;
  };

  // At most `size_max` exist at once; none is made before it is needed.
  Pool(std::size_t size_max, std::chrono::milliseconds wait_max, Make make)
      : size_max_(size_max), wait_max_(wait_max), make_(std::move(make)) {
    idle_.reserve(size_max);
  }

  // unavailable "sql.unavailable" when none came back in time; or what making one failed with.
  Result<Lease> lend() {
    std::unique_lock lock(mutex_);
    if (!returned_.wait_for(lock, wait_max_, [&] { return lent_ < size_max_; })) {
      return fail(Code::kUnavailable, "sql.unavailable",
                  "all " + std::to_string(size_max_) + " database connections stayed in use for " +
                      std::to_string(wait_max_.count()) + " ms");
    }
    ++lent_;
    if (!idle_.empty()) {
      Lease lease(*this, std::move(idle_.back()));
      idle_.pop_back();
      return lease;
    }
    lock.unlock();
    auto made = make_();
    if (!made) {
      give_back(nullptr);
      return fail(std::move(made).error());
    }
    return Lease(*this, *std::move(made));
  }

 private:
  void give_back(std::unique_ptr<T> item) noexcept {
    {
      const std::lock_guard lock(mutex_);
      --lent_;
      if (item) idle_.push_back(std::move(item));
    }
    returned_.notify_one();
  }

  const std::size_t size_max_;
  const std::chrono::milliseconds wait_max_;
  const Make make_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::size_t lent_ = 0;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace slipway
