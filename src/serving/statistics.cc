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
  return statistics;
}

}  // namespace slipway
