// What becomes of a delivery after an attempt. Pure.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "outbox/backoff.h"
#include "outbox/http_sender.h"
#include "outbox/outbox.h"

namespace slipway {

// A delivery is given up at either limit.
struct DeliveryLimits {
  Backoff backoff;
  std::int64_t attempts_max = 15;
  std::chrono::hours age_max{24};
};

struct Verdict {
  DeliveryState state = DeliveryState::kWaiting;
  std::int64_t failures = 0;  // of the target in a row
  WallTime retry_at{};        // of the target: when its next delivery may be tried
};

// `failures`: of the target in a row, before this attempt. The receiver's Retry-After is heeded up to backoff.max.
Verdict judge(const Delivery& delivery, const SendOutcome& outcome, std::int64_t failures, const DeliveryLimits& limits,
              WallTime now, std::uint64_t random) noexcept;

}  // namespace slipway
