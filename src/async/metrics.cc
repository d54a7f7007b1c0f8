#include "async/metrics.h"

namespace slipway {
namespace {

metrics::Description described(std::string name, std::string help, std::vector<std::string> label_names = {}) {
  metrics::Description description;
  description.name = std::move(name);
  description.help = std::move(help);
  description.label_names = std::move(label_names);
  return description;
}

metrics::Description completion_seconds() {
  metrics::Description description =
      described("slipway_async_completion_seconds", "From the queue, or the replay, to the answer.");
  description.scale = 1e-6;
  description.bounds = {0.01, 0.1, 1, 10, 60, 600, 3'600};
  return description;
}

}  // namespace

AsyncMetrics::AsyncMetrics(metrics::Registry& registry) {
  auto& attempts = registry.counter(
      described("slipway_async_attempts_total", "Runs of asynchronous requests, by what came of them.", {"outcome"}));
  succeeded = attempts.with({"succeeded"});
  retried = attempts.with({"retried"});
  dead = attempts.with({"dead"});
  interrupted = attempts.with({"interrupted"});
  lost = attempts.with({"lost"});
  completion = registry.histogram(completion_seconds()).with({});
  auto& requests = registry.gauge(
      described("slipway_async_requests", "Asynchronous requests of all servers of the database.", {"state"}));
  queued_ = requests.with({"queued"});
  running_ = requests.with({"running"});
  letters_ =
      registry.gauge(described("slipway_dead_letters", "Requests that failed for good, of all servers.")).with({});
  oldest_ = registry
                .gauge(described("slipway_async_oldest_age_seconds",
                                 "How long the oldest request that has no answer yet has been waiting."))
                .with({});
}

void AsyncMetrics::show(const AsyncCounts& counts, WallTime now) {
  queued_.set(static_cast<double>(counts.queued));
  running_.set(static_cast<double>(counts.running));
  letters_.set(static_cast<double>(counts.dead));
  oldest_.set(counts.oldest ? std::chrono::duration<double>(now - *counts.oldest).count() : 0);
}

}  // namespace slipway
