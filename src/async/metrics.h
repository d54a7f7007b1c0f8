// What operators see of predictions that are answered later.
#pragma once

#include "async/async_store.h"
#include "base/metrics.h"

namespace slipway {

class AsyncMetrics {
 public:
  explicit AsyncMetrics(metrics::Registry& registry);
  void show(const AsyncCounts& counts, WallTime now);

  metrics::Counter succeeded;
  metrics::Counter retried;
  metrics::Counter dead;
  metrics::Counter interrupted;  // left unfinished by a server that died
  metrics::Counter lost;         // ended after another server had taken the request over
  metrics::Histogram completion;

 private:
  metrics::Gauge queued_;
  metrics::Gauge running_;
  metrics::Gauge letters_;
  metrics::Gauge oldest_;
};

}  // namespace slipway
