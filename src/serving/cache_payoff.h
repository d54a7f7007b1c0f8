// Whether a cache saves more time than it takes, judged every kLookups requests. Atomics only.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

namespace slipway {

struct CacheBalance {
  std::uint64_t lookups = 0;
  std::chrono::nanoseconds saved{};  // what the runs had taken that hits did without
  std::chrono::nanoseconds spent{};  // looking up and keeping
  bool pays() const noexcept { return saved > spent; }
};

class CachePayoff {
 public:
  static constexpr std::uint64_t kLookups = 10'000;
  using OnChange = std::function<void(const CacheBalance&)>;  // on the thread of a request: must be quick

  // `on_change`: when the verdict is another one than before; at first a cache is taken to pay.
  explicit CachePayoff(OnChange on_change) : on_change_(std::move(on_change)) {}

  void note(std::chrono::nanoseconds saved, std::chrono::nanoseconds spent) {
    saved_ns_.fetch_add(saved.count(), std::memory_order_relaxed);
    spent_ns_.fetch_add(spent.count(), std::memory_order_relaxed);
    if (lookups_.fetch_add(1, std::memory_order_relaxed) + 1 != kLookups) return;
    // One thread gets here; what others add meanwhile may fall to either side.
    const CacheBalance balance{.lookups = kLookups,
                               .saved = std::chrono::nanoseconds(saved_ns_.exchange(0, std::memory_order_relaxed)),
                               .spent = std::chrono::nanoseconds(spent_ns_.exchange(0, std::memory_order_relaxed))};
    if (pays_.exchange(balance.pays(), std::memory_order_relaxed) != balance.pays()) on_change_(balance);
    lookups_.store(0, std::memory_order_relaxed);
  }

 private:
  const OnChange on_change_;
  std::atomic<std::uint64_t> lookups_{0};
  std::atomic<std::int64_t> saved_ns_{0};
  std::atomic<std::int64_t> spent_ns_{0};
  std::atomic<bool> pays_{true};
};

}  // namespace slipway
