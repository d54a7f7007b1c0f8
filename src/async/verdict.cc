#include "async/verdict.h"

#include <algorithm>

namespace slipway {

bool may_pass(const Error& error) noexcept {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kAborted:
    case Code::kCancelled:
    case Code::kResourceExhausted:
    case Code::kDeadlineExceeded:
    case Code::kNotFound:
      return true;
    default:
      return false;
  }
}

AsyncVerdict judge(std::int64_t attempts, const Status& outcome, const AsyncLimits& limits, WallTime now,
                   std::uint64_t random) noexcept {
  if (outcome) return {AsyncState::kSucceeded, now};
  if (attempts >= limits.attempts_max || !may_pass(outcome.error())) return {AsyncState::kDead, now};
  return {AsyncState::kQueued, now + backoff_after(limits.backoff, attempts, random)};
}

std::optional<WallTime> take_turn(WallTime next_at, std::chrono::microseconds gap, WallTime now) noexcept {
  if (next_at > now) return std::nullopt;
  return std::max(next_at, now - kReplayBurst) + gap;
}

}  // namespace slipway
