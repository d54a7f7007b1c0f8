// What requests to remotes are counted by.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "base/metrics.h"
#include "base/result.h"
#include "protocol/remote/client.h"

namespace slipway {

// Of one origin; one thread's.
struct RemoteOriginMetrics {
  metrics::Gauge connections;
  metrics::Counter opened;
  metrics::Histogram duration;
  std::string remote;
  metrics::CounterFamily* requests = nullptr;
  std::map<std::string, metrics::Counter> outcomes;  // by the reason of an error, or the status of an answer

  void count(const Result<RemoteReply>& result, std::chrono::nanoseconds took);
};

class RemoteMetrics {
 public:
  explicit RemoteMetrics(metrics::Registry& registry);
  RemoteOriginMetrics of(const std::string& remote);  // "triton:8000"

 private:
  metrics::CounterFamily& requests_;
  metrics::HistogramFamily& duration_;
  metrics::GaugeFamily& connections_;
  metrics::CounterFamily& opened_;
};

// By URL and model: 1 where the last look found the model ready and as it was at its trial.
metrics::GaugeFamily& remote_ready_family(metrics::Registry& registry);

}  // namespace slipway
