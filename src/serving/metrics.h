// The metrics of the request path: names and labels in one place, handles made when a version is published.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/metrics.h"

namespace slipway {

struct VersionMetrics {
  metrics::Counter success;
  metrics::Counter failure;
  metrics::Counter violations;  // requests refused by the contract
  metrics::Counter warnings;    // requests that broke a rule of severity warn
  metrics::Counter rows;        // rows run, over all runs of the model
  metrics::Histogram success_duration;
  metrics::Histogram failure_duration;
  metrics::Histogram queue_duration;
  metrics::Histogram input_duration;   // bringing the inputs of a run together
  metrics::Histogram run_duration;     // one observation a run of the model, however many requests it answers
  metrics::Histogram output_duration;  // splitting the outputs of a run
  metrics::Histogram batch_rows;       // rows of a run
};

class ServingMetrics {
 public:
  explicit ServingMetrics(metrics::Registry& registry);
  VersionMetrics for_version(const std::string& model, const std::string& version);

 private:
  metrics::CounterFamily& requests_;
  metrics::CounterFamily& violations_;
  metrics::CounterFamily& warnings_;
  metrics::CounterFamily& rows_;
  metrics::HistogramFamily& duration_;
  metrics::HistogramFamily& queue_duration_;
  metrics::HistogramFamily& input_duration_;
  metrics::HistogramFamily& run_duration_;
  metrics::HistogramFamily& output_duration_;
  metrics::HistogramFamily& batch_rows_;
};

// Of the cache of one version.
struct CacheMetrics {
  metrics::Counter hits;
  metrics::Counter joined;  // answered by a run for somebody else
  metrics::Counter stale;
  metrics::Counter misses;
  metrics::Counter bypasses;
  metrics::Counter saved_ns;  // what the runs had taken that hits did without
  metrics::Counter spent_ns;  // what looking up and keeping has taken
};

// Of the policies of endpoints.
class PolicyMetrics {
 public:
  explicit PolicyMetrics(metrics::Registry& registry);
  metrics::Gauge breaker_state(const std::string& model, const std::string& version);  // the number of a BreakerState
  metrics::Counter degraded(const std::string& model, std::string_view source, std::string_view reason);
  metrics::Counter retries(const std::string& model);
  metrics::Gauge concurrency_limit(const std::string& model);
  metrics::Counter shed(const std::string& model, std::uint32_t level);
  CacheMetrics cache(const std::string& model, const std::string& version);

 private:
  metrics::GaugeFamily& breaker_state_;
  metrics::CounterFamily& degraded_;
  metrics::CounterFamily& retries_;
  metrics::GaugeFamily& concurrency_limit_;
  metrics::CounterFamily& shed_;
  metrics::CounterFamily& cache_requests_;
  metrics::CounterFamily& cache_saved_;
  metrics::CounterFamily& cache_spent_;
};

}  // namespace slipway
