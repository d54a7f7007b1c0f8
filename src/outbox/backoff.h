// When to try again.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace slipway {

struct Backoff {
  std::chrono::milliseconds first{1'000};
  std::chrono::milliseconds max{600'000};
};

// Full jitter (Brooker 2015, "Exponential backoff and jitter"): uniform in [0, bound), where the bound doubles with
// each failure up to `max`. `failures`: in a row, 1 or more. `random`: any 64 bits.
inline std::chrono::milliseconds backoff_after(const Backoff& backoff, std::int64_t failures,
                                               std::uint64_t random) noexcept {
  const std::int64_t doublings = std::clamp<std::int64_t>(failures - 1, 0, 30);
  const std::int64_t bound_ms = std::min(backoff.max.count(), backoff.first.count() << doublings);
  return std::chrono::milliseconds(random % static_cast<std::uint64_t>(std::max<std::int64_t>(bound_ms, 1)));
}

}  // namespace slipway
