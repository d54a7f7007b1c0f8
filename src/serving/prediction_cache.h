// The prediction cache of this server, shared by all I/O threads: where answers are kept, and who computes which now.
//
// What may be kept, and what a kept answer is good for, is the caller's to decide (predict_cached.cc).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "base/metrics.h"
#include "base/secret.h"
#include "serving/cache_key.h"
#include "serving/cached_answer.h"
#include "serving/memory_cache.h"
#include "serving/policy.h"
#include "serving/redis_cache.h"
#include "serving/single_flight.h"

namespace slipway {

// An answer of up to this size is kept.
inline constexpr std::size_t kCachedBytesMax = std::size_t{1} << 20;

class PredictionCache {
 public:
  struct Options {
    std::size_t memory_bytes_max = 0;
    Secret secret;                      // 32 bytes; servers that share answers share it
    std::optional<RedisOptions> redis;  // absent: policies cannot name it
  };
  // `registry` outlives it.
  PredictionCache(Options options, metrics::Registry& registry);

  const Secret& secret() const noexcept { return secret_; }
  bool has(CachePolicy::Backend backend) const noexcept {
    return backend == CachePolicy::Backend::kMemory || redis_ != nullptr;
  }
  MemoryCache& memory() noexcept { return memory_; }
  RedisCache* redis() noexcept { return redis_.get(); }  // null: there is none
  SingleFlight& flights() noexcept { return flights_; }
  void collect(std::vector<metrics::Family>& families) const;

 private:
  const Secret secret_;
  MemoryCache memory_;
  SingleFlight flights_;
  const std::unique_ptr<RedisCache> redis_;
};

}  // namespace slipway
