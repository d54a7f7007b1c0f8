// The prediction cache of this server, shared by all I/O threads: where answers are kept, and who computes which now.
//
// What may be kept, and what a kept answer is good for, is the caller's to decide (predict_cached.cc).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/metrics.h"
#include "base/secret.h"
#include "base/task.h"
#include "serving/cache_key.h"
#include "serving/cached_answer.h"
#include "serving/memory_cache.h"
#include "serving/policy.h"
#include "serving/single_flight.h"

namespace slipway {

// An answer of up to this size is kept.
inline constexpr std::size_t kCachedBytesMax = std::size_t{1} << 20;

class PredictionCache {
 public:
  struct Options {
    std::size_t memory_bytes_max = 0;
    Secret secret;  // 32 bytes; servers that share a store share it
  };
  explicit PredictionCache(Options options) : options_(std::move(options)), memory_(options_.memory_bytes_max) {}

  const Secret& secret() const noexcept { return options_.secret; }
  MemoryCache& memory() noexcept { return memory_; }
  SingleFlight& flights() noexcept { return flights_; }
  void collect(std::vector<metrics::Family>& families) const;

 private:
  const Options options_;
  MemoryCache memory_;
  SingleFlight flights_;
};

}  // namespace slipway
