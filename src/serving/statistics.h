// What a version has done since it was loaded, as the statistics extension of the Open Inference Protocol counts it.
//
// Of the same cells as the metrics, so the two never disagree: read off the request path, nothing counted twice. The
// sums of one reading are not of one instant.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "serving/served_version.h"

namespace slipway {

struct StatisticDuration {
  std::uint64_t count = 0;
  std::uint64_t ns = 0;
};

// Runs of one size.
struct BatchSizeStatistics {
  std::uint64_t batch_size = 0;
  StatisticDuration compute_input;
  StatisticDuration compute_infer;
  StatisticDuration compute_output;
};

struct VersionStatistics {
  std::string_view model;  // of the version: it outlives this
  std::string_view version;
  std::uint64_t last_inference_unix_ms = 0;  // 0: none yet
  std::uint64_t inference_count = 0;         // rows
  std::uint64_t execution_count = 0;         // runs of the model, which may answer several requests
  StatisticDuration success;                 // requests, from arrival to recorded answer
  StatisticDuration fail;
  StatisticDuration queue;  // requests that waited for a runner
  StatisticDuration compute_input;
  StatisticDuration compute_infer;  // runs
  StatisticDuration compute_output;
  StatisticDuration cache_hit;
  StatisticDuration cache_miss;
  std::vector<BatchSizeStatistics> batches;
  std::uint64_t memory_bytes = 0;  // an estimate
};

VersionStatistics statistics_of(const ServedVersion& version);

}  // namespace slipway
