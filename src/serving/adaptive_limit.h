// How many requests an endpoint answers at once: as many as it can without making them wait, the most important first.
//
// The limit follows the time that runs take (Gradient2 of Netflix concurrency-limits): while they take about as long as
// they do without load, it grows by its square root; when they take longer it shrinks in proportion. What runs take
// without load is the least that was seen, forgotten slowly. Requests that were given up count as congestion.
//
// A level of priority enters while it and those above it have fewer in flight than its share of the limit, and all
// together fewer than its share of concurrency_max: the least important is refused first, and what is in flight of it
// keeps nothing more important out. Nothing waits here. Atomics only.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

#include "base/clock.h"
#include "serving/policy.h"

namespace slipway {

class AdaptiveLimit {
 public:
  // Not a sample: a refusal, an answer from elsewhere, an error of the caller.
  enum class Outcome : std::uint8_t { kSuccess, kDropped, kIgnored };

  using OnChange = std::function<void(double limit)>;  // on the thread of a request: must be quick

  AdaptiveLimit(LimitPolicy policy, Monotonic now, OnChange on_change = {});

  // A request in flight. Ended without finish(), it is no sample.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept : limit_(std::exchange(other.limit_, nullptr)), level_(other.level_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(limit_, other.limit_);
      std::swap(level_, other.level_);
      return *this;
    }
    ~Place() {
      if (limit_ != nullptr) limit_->leave(level_);
    }
    explicit operator bool() const noexcept { return limit_ != nullptr; }
    // A sample; the request goes on.
    void note(Outcome outcome, std::chrono::nanoseconds duration, Monotonic now) noexcept {
      limit_->observe(outcome, duration, now);
    }
    void finish(Outcome outcome, std::chrono::nanoseconds duration, Monotonic now) noexcept {
      note(outcome, duration, now);
      std::exchange(limit_, nullptr)->leave(level_);
    }

   private:
    friend class AdaptiveLimit;
    Place(AdaptiveLimit* limit, std::uint32_t level) noexcept : limit_(limit), level_(level) {}
    AdaptiveLimit* limit_ = nullptr;
    std::uint32_t level_ = 0;
  };

  // `priority`: 1 is the most important; 0: the default level. An empty Place when the level's share is full.
  // Thread-safe.
  [[nodiscard]] Place try_enter(std::uint64_t priority) noexcept;
  std::uint32_t level_of(std::uint64_t priority) const noexcept;  // from 1
  double limit() const noexcept { return limit_.load(std::memory_order_relaxed); }
  std::uint32_t in_flight() const noexcept { return in_flight_.load(std::memory_order_relaxed); }

 private:
  bool has_room(std::uint32_t level, std::uint32_t in_flight) const noexcept;
  void leave(std::uint32_t level) noexcept {
    in_flight_of_level_[level - 1].fetch_sub(1, std::memory_order_relaxed);
    in_flight_.fetch_sub(1, std::memory_order_relaxed);
  }
  void observe(Outcome outcome, std::chrono::nanoseconds duration, Monotonic now) noexcept;
  void update(Monotonic now) noexcept;

  const LimitPolicy policy_;
  const OnChange on_change_;
  std::atomic<double> limit_;
  std::atomic<std::uint32_t> in_flight_{0};
  std::array<std::atomic<std::uint32_t>, LimitPolicy::kLevelsMax> in_flight_of_level_{};
  // Since the last update.
  std::atomic<std::int64_t> samples_{0};
  std::atomic<std::int64_t> sum_ns_{0};
  std::atomic<std::int64_t> dropped_{0};
  std::atomic<std::uint32_t> most_in_flight_{0};
  std::atomic<std::int64_t> next_update_ns_;
  // Of the one who updates.
  std::atomic_flag is_updating_ = ATOMIC_FLAG_INIT;
  double unloaded_ns_ = 0;
};

}  // namespace slipway
