#include "serving/statistics.h"

namespace slipway {
namespace {

StatisticDuration sum(const metrics::Histogram& histogram) {
  const auto total = histogram.total();
  return {.count = total.count, .ns = total.raw_sum};
}

}  // namespace

VersionStatistics statistics_of(const ServedVersion& version) {
  const VersionMetrics& metrics = version.metrics;
  VersionStatistics statistics;
  statistics.model = version.model;
  statistics.version = version.version;
  statistics.last_inference_unix_ms = static_cast<std::uint64_t>(version.last_use.unix_ms());
  statistics.success = sum(metrics.success_duration);
  statistics.fail = sum(metrics.failure_duration);
  statistics.queue = sum(metrics.queue_duration);
  statistics.compute_input = sum(metrics.input_duration);
  statistics.compute_infer = sum(metrics.run_duration);
  statistics.compute_output = sum(metrics.output_duration);
  statistics.inference_count = static_cast<std::uint64_t>(metrics.rows.value());
  statistics.execution_count = statistics.compute_infer.count;
  statistics.memory_bytes = version.memory_bytes;
  if (version.statistics == nullptr) return statistics;
  for (const BatchStatistics::Size& size : version.statistics->sizes()) {
    statistics.batches.push_back({.batch_size = size.rows,
                                  .compute_input = {.count = size.count, .ns = size.input_ns},
                                  .compute_infer = {.count = size.count, .ns = size.run_ns},
                                  .compute_output = {.count = size.count, .ns = size.output_ns}});
  }
  return statistics;
}

}  // namespace slipway
