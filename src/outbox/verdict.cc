#include "outbox/verdict.h"

namespace slipway {

Verdict judge(const Delivery& delivery, const SendOutcome& outcome, std::int64_t failures, const DeliveryLimits& limits,
              WallTime now, std::uint64_t random) noexcept {
  if (outcome.is_delivered()) return {DeliveryState::kDelivered, 0, now};
  Verdict verdict;
  verdict.failures = failures + 1;
  const auto asked = std::min<std::chrono::milliseconds>(outcome.retry_after, limits.backoff.max);
  verdict.retry_at = now + std::max(backoff_after(limits.backoff, verdict.failures, random), asked);
  const bool is_last = delivery.attempts + 1 >= limits.attempts_max || now - delivery.created_at >= limits.age_max;
  verdict.state = is_last ? DeliveryState::kDead : DeliveryState::kWaiting;
  return verdict;
}

}  // namespace slipway
