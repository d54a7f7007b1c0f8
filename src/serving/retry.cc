#include "serving/retry.h"

#include <cmath>

namespace slipway {
namespace {

constexpr std::int64_t kToken = 1'000;
constexpr std::int64_t kSecondsKept = 10;

std::int64_t micros(Monotonic time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

struct Alarm {
  std::function<void(bool)> ring;
  void expire() const { ring(true); }
};

}  // namespace

bool is_transient(const Error& error) noexcept {
  return error.code == Code::kUnavailable || error.code == Code::kAborted || error.reason == "run.out_of_memory";
}

std::chrono::microseconds retry_delay(const RetryPolicy& policy, std::uint32_t failures,
                                      std::uint64_t random) noexcept {
  const std::uint32_t doublings = std::clamp<std::uint32_t>(failures, 1, 20) - 1;
  const std::int64_t bound = std::min(policy.backoff_max.count(), policy.backoff_first.count() << doublings);
  return std::chrono::microseconds(random % static_cast<std::uint64_t>(std::max<std::int64_t>(bound, 1)));
}

RetryBudget::RetryBudget(const RetryPolicy& policy, Monotonic now) noexcept
    : per_request_(std::llround(policy.budget_ratio * kToken)),
      per_second_(std::int64_t{policy.budget_per_second_min} * kToken),
      most_(kSecondsKept * (per_second_ + kToken)),
      tokens_(per_second_),
      refilled_us_(micros(now)) {}

void RetryBudget::add(std::int64_t amount) noexcept {
  std::int64_t tokens = tokens_.load(std::memory_order_relaxed);
  while (tokens < most_ &&
         !tokens_.compare_exchange_weak(tokens, std::min(most_, tokens + amount), std::memory_order_relaxed)) {
  }
}

void RetryBudget::refill(Monotonic now) noexcept {
  if (per_second_ == 0) return;
  std::int64_t from = refilled_us_.load(std::memory_order_relaxed);
  const std::int64_t passed_us = std::min(micros(now) - from, kSecondsKept * 1'000'000);
  const std::int64_t amount = passed_us * per_second_ / 1'000'000;
  if (amount <= 0) return;
  if (refilled_us_.compare_exchange_strong(from, micros(now), std::memory_order_relaxed)) add(amount);
}

bool RetryBudget::try_take(Monotonic now) noexcept {
  refill(now);
  std::int64_t tokens = tokens_.load(std::memory_order_relaxed);
  while (tokens >= kToken) {
    if (tokens_.compare_exchange_weak(tokens, tokens - kToken, std::memory_order_relaxed)) return true;
  }
  return false;
}

void RunEstimate::observe(std::chrono::nanoseconds duration) noexcept {
  // Of two threads at once one observation may be lost, which an estimate does not mind.
  const std::int64_t mean = mean_ns_.load(std::memory_order_relaxed);
  mean_ns_.store(mean == 0 ? duration.count() : mean + (duration.count() - mean) / 10, std::memory_order_relaxed);
}

Task<bool> wait_until(Executor& executor, DeadlineTimer& timer, Monotonic when) {
  const auto alarm = std::make_shared<Alarm>();  // the timer holds it weakly
  auto waiting = callback_on<bool>(executor, [&](auto resume) {
    alarm->ring = std::move(resume);
    timer.schedule(when, alarm);
  });
  co_return co_await waiting;
}

}  // namespace slipway
