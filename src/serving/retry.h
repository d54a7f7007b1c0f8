// Whether and when an attempt is made again: transient errors only, within a budget, never past the deadline.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "serving/deadline_timer.h"
#include "serving/policy.h"

namespace slipway {

// May the same request succeed on the same version a moment later? A model that fails on an input fails on it again,
// and a full queue gets no shorter by asking twice.
bool is_transient(const Error& error) noexcept;

// Full jitter (Brooker 2015, "Exponential backoff and jitter"): uniform in [0, bound), where the bound doubles with
// each failure up to backoff_max. `failures`: so far, 1 or more. `random`: any 64 bits.
std::chrono::microseconds retry_delay(const RetryPolicy& policy, std::uint32_t failures, std::uint64_t random) noexcept;

// Retries of an endpoint, kept to a share of its requests so that they do not multiply an overload: a bucket of tokens
// into which every request puts budget_ratio and every second budget_per_second_min, up to what ten seconds put into
// it. A retry takes one, before it is made. Atomics only.
class RetryBudget {
 public:
  RetryBudget(const RetryPolicy& policy, Monotonic now) noexcept;
  void count_request() noexcept { add(per_request_); }
  bool try_take(Monotonic now) noexcept;

 private:
  void add(std::int64_t amount) noexcept;
  void refill(Monotonic now) noexcept;

  const std::int64_t per_request_;  // thousandths of a token, as are the others
  const std::int64_t per_second_;
  const std::int64_t most_;
  std::atomic<std::int64_t> tokens_;
  std::atomic<std::int64_t> refilled_us_;
};

// A running mean of how long a run takes, of the last ten or so.
class RunEstimate {
 public:
  void observe(std::chrono::nanoseconds duration) noexcept;
  std::chrono::nanoseconds value() const noexcept {
    return std::chrono::nanoseconds(mean_ns_.load(std::memory_order_relaxed));
  }
  // Can a run that begins then end in time? Yes while nothing is known.
  bool fits(Monotonic begin, Monotonic deadline) const noexcept { return begin + value() < deadline; }

 private:
  std::atomic<std::int64_t> mean_ns_{0};
};

// Goes on on `executor` at or after `when`; no thread waits meanwhile.
Task<bool> wait_until(Executor& executor, DeadlineTimer& timer, Monotonic when);

}  // namespace slipway
