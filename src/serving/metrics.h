// The metrics of the request path: names and labels in one place, handles made when a version is published.
#pragma once

#include <string>

#include "base/metrics.h"

namespace slipway {

struct VersionMetrics {
  metrics::Counter success;
  metrics::Counter failure;
  metrics::Counter violations;  // requests refused by the contract
  metrics::Counter warnings;    // requests that broke a rule of severity warn
  metrics::Histogram request_duration;
  metrics::Histogram queue_duration;
  metrics::Histogram run_duration;
};

class ServingMetrics {
 public:
  explicit ServingMetrics(metrics::Registry& registry);
  VersionMetrics for_version(const std::string& model, const std::string& version);

 private:
  metrics::CounterFamily& requests_;
  metrics::CounterFamily& violations_;
  metrics::CounterFamily& warnings_;
  metrics::HistogramFamily& request_duration_;
  metrics::HistogramFamily& queue_duration_;
  metrics::HistogramFamily& run_duration_;
};

}  // namespace slipway
