#include "serving/adaptive_limit.h"

#include <algorithm>
#include <cmath>

namespace slipway {
namespace {

constexpr std::int64_t kUpdateIntervalNs = 50'000'000;
constexpr std::int64_t kSamplesMin = 10;
constexpr double kTolerance = 1.5;       // runs may take so much longer than without load
constexpr double kSmoothing = 0.2;       // of the limit, each update
constexpr double kForgetting = 0.000'5;  // of the time without load, each update: doubles in about a minute and more
constexpr double kDropFactor = 0.9;
constexpr double kQueue = 4;  // so many may wait, or those that come at random would be refused though there is time
constexpr double kInitial = 20;

std::int64_t nanos(Monotonic time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

AdaptiveLimit::AdaptiveLimit(LimitPolicy policy, Monotonic now, OnChange on_change)
    : policy_(std::move(policy)),
      on_change_(std::move(on_change)),
      limit_(policy_.is_adaptive ? std::clamp<double>(kInitial, policy_.concurrency_min, policy_.concurrency_max)
                                 : policy_.concurrency_max),
      next_update_ns_(nanos(now) + kUpdateIntervalNs) {
  if (on_change_) on_change_(limit());
}

std::uint32_t AdaptiveLimit::level_of(std::uint64_t priority) const noexcept {
  const auto last = static_cast<std::uint64_t>(policy_.level_shares.size());
  return static_cast<std::uint32_t>(priority == 0 ? policy_.level_by_default : std::min(priority, last));
}

AdaptiveLimit::Place AdaptiveLimit::try_enter(std::uint64_t priority) noexcept {
  const std::uint32_t level = level_of(priority);
  const std::uint32_t in_flight = in_flight_.fetch_add(1, std::memory_order_relaxed) + 1;
  in_flight_of_level_[level - 1].fetch_add(1, std::memory_order_relaxed);
  if (!has_room(level, in_flight)) {
    leave(level);
    return {};
  }
  std::uint32_t most = most_in_flight_.load(std::memory_order_relaxed);
  while (in_flight > most && !most_in_flight_.compare_exchange_weak(most, in_flight, std::memory_order_relaxed)) {
  }
  return Place(this, level);
}

bool AdaptiveLimit::has_room(std::uint32_t level, std::uint32_t in_flight) const noexcept {
  // At least one request of every level while nothing else is in flight.
  const auto allowed = [&](double places) {
    return std::max(1.0, std::floor(places * policy_.level_shares[level - 1]));
  };
  std::uint32_t no_less_important = 0;
  for (std::uint32_t i = 0; i < level; ++i) {
    no_less_important += in_flight_of_level_[i].load(std::memory_order_relaxed);
  }
  return no_less_important <= allowed(limit()) && in_flight <= allowed(policy_.concurrency_max);
}

void AdaptiveLimit::observe(Outcome outcome, std::chrono::nanoseconds duration, Monotonic now) noexcept {
  if (outcome == Outcome::kIgnored || !policy_.is_adaptive) return;
  if (outcome == Outcome::kDropped) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
  } else {
    sum_ns_.fetch_add(duration.count(), std::memory_order_relaxed);
    samples_.fetch_add(1, std::memory_order_relaxed);
  }
  if (nanos(now) < next_update_ns_.load(std::memory_order_relaxed)) return;
  if (is_updating_.test_and_set(std::memory_order_acquire)) return;
  update(now);
  is_updating_.clear(std::memory_order_release);
}

void AdaptiveLimit::update(Monotonic now) noexcept {
  if (nanos(now) < next_update_ns_.load(std::memory_order_relaxed)) return;
  if (samples_.load(std::memory_order_relaxed) + dropped_.load(std::memory_order_relaxed) < kSamplesMin) return;
  const std::int64_t samples = samples_.exchange(0, std::memory_order_relaxed);
  const std::int64_t sum_ns = sum_ns_.exchange(0, std::memory_order_relaxed);
  const std::int64_t dropped = dropped_.exchange(0, std::memory_order_relaxed);
  const std::uint32_t most = most_in_flight_.exchange(in_flight(), std::memory_order_relaxed);
  next_update_ns_.store(nanos(now) + kUpdateIntervalNs, std::memory_order_relaxed);

  const double before = limit();
  double next = before;
  if (dropped * 10 > samples) {
    next = before * kDropFactor;
  } else if (samples > 0) {
    const double mean_ns = std::max(1.0, static_cast<double>(sum_ns) / static_cast<double>(samples));
    unloaded_ns_ = unloaded_ns_ == 0 ? mean_ns : std::min(mean_ns, unloaded_ns_ * (1 + kForgetting));
    const double gradient = std::clamp(kTolerance * unloaded_ns_ / mean_ns, 0.5, 1.0);
    const double wanted = gradient * before + std::max(kQueue, std::sqrt(before));
    const bool is_used = most * 2.0 >= before;  // a limit that nobody reaches says nothing of more
    if (wanted < before || is_used) next = before + kSmoothing * (wanted - before);
  }
  limit_.store(std::clamp<double>(next, policy_.concurrency_min, policy_.concurrency_max), std::memory_order_relaxed);
  if (on_change_) on_change_(limit());
}

}  // namespace slipway
