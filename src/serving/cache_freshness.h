// What a kept answer is good for at its age. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "serving/cache_key.h"
#include "serving/policy.h"

namespace slipway {

enum class Freshness : std::uint8_t {
  kFresh,    // the answer
  kRefresh,  // the answer, while a new one is made
  kIfError,  // for the fallback step `stale`
  kExpired,
};

// Shorter than the policy's by up to ttl_jitter, by the key's own bits: answers made at the same time do not expire at
// the same time, and every server agrees on when one does.
inline std::chrono::microseconds ttl_of(const CachePolicy& policy, const CacheKey& key) noexcept {
  const double share = static_cast<double>(key.bits(CacheKey::kNameBytes) >> 11) * 0x1p-53;  // of [0, 1)
  const auto ttl = static_cast<double>(policy.ttl.count()) * (1 - policy.ttl_jitter * share);
  return std::chrono::microseconds(std::max<std::int64_t>(1, static_cast<std::int64_t>(ttl)));
}

// Clocks of servers differ: an answer from up to a second in the future is new, from later on it is not trusted.
inline Freshness freshness(const CachePolicy& policy, const CacheKey& key, WallTime made, WallTime now) noexcept {
  constexpr std::chrono::seconds kClocksApartMax{1};
  if (made - now > kClocksApartMax) return Freshness::kExpired;
  const std::chrono::microseconds beyond = now - made - ttl_of(policy, key);
  if (beyond.count() < 0) return Freshness::kFresh;
  if (beyond < policy.stale_while_revalidate) return Freshness::kRefresh;
  return beyond < policy.stale_if_error ? Freshness::kIfError : Freshness::kExpired;
}

// How long an answer is of use for anything.
inline std::chrono::microseconds kept_for(const CachePolicy& policy) noexcept {
  return policy.ttl + std::max(policy.stale_while_revalidate, policy.stale_if_error);
}

}  // namespace slipway
