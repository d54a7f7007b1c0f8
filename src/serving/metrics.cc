#include "serving/metrics.h"

namespace slipway {
namespace {

metrics::Description describe(std::string name, std::string help, std::vector<std::string> labels) {
  metrics::Description description;
  description.name = std::move(name);
  description.help = std::move(help);
  description.label_names = std::move(labels);
  return description;
}
metrics::Description duration(std::string name, std::string help,
                              std::vector<std::string> labels = {"model", "version"}) {
  metrics::Description description = describe(std::move(name), std::move(help), std::move(labels));
  description.scale = 1e-9;  // observed in nanoseconds
  return description;
}

metrics::Description batch_rows() {
  metrics::Description description =
      describe("slipway_prediction_batch_rows", "Rows of one run of the model.", {"model", "version"});
  description.bounds = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
  return description;
}

}  // namespace

ServingMetrics::ServingMetrics(metrics::Registry& registry)
    : requests_(registry.counter(
          describe("slipway_predictions_total", "Predictions answered, by outcome.", {"model", "version", "outcome"}))),
      violations_(registry.counter(describe("slipway_contract_violations_total",
                                            "Predictions refused because their input broke the contract.",
                                            {"model", "version"}))),
      warnings_(registry.counter(describe("slipway_contract_warnings_total",
                                          "Predictions whose input broke a contract rule of severity warn.",
                                          {"model", "version"}))),
      rows_(registry.counter(
          describe("slipway_prediction_rows_total", "Rows that the model has run.", {"model", "version"}))),
      duration_(registry.histogram(duration("slipway_prediction_duration_seconds",
                                            "From the request's arrival to its recorded answer.",
                                            {"model", "version", "outcome"}))),
      queue_duration_(
          registry.histogram(duration("slipway_prediction_queue_duration_seconds", "Waiting for a runner."))),
      input_duration_(registry.histogram(
          duration("slipway_prediction_input_duration_seconds", "Bringing the inputs of one run together."))),
      run_duration_(registry.histogram(duration("slipway_prediction_run_duration_seconds", "The model's own run."))),
      output_duration_(registry.histogram(
          duration("slipway_prediction_output_duration_seconds", "Splitting the outputs of one run."))),
      batch_rows_(registry.histogram(batch_rows())) {}

VersionMetrics ServingMetrics::for_version(const std::string& model, const std::string& version) {
  return {.success = requests_.with({model, version, "success"}),
          .failure = requests_.with({model, version, "failure"}),
          .violations = violations_.with({model, version}),
          .warnings = warnings_.with({model, version}),
          .rows = rows_.with({model, version}),
          .success_duration = duration_.with({model, version, "success"}),
          .failure_duration = duration_.with({model, version, "failure"}),
          .queue_duration = queue_duration_.with({model, version}),
          .input_duration = input_duration_.with({model, version}),
          .run_duration = run_duration_.with({model, version}),
          .output_duration = output_duration_.with({model, version}),
          .batch_rows = batch_rows_.with({model, version})};
}

PolicyMetrics::PolicyMetrics(metrics::Registry& registry)
    : breaker_state_(registry.gauge(describe("slipway_breaker_state",
                                             "State of a version's circuit breaker: 0 closed, 1 half open, 2 open.",
                                             {"model", "version"}))),
      degraded_(registry.counter(describe("slipway_degraded_answers_total",
                                          "Answers that a policy gave in place of the version that was asked.",
                                          {"model", "source", "reason"}))),
      retries_(registry.counter(describe("slipway_retries_total", "Runs made again by a policy.", {"model"}))),
      concurrency_limit_(registry.gauge(
          describe("slipway_concurrency_limit", "How many predictions a policy answers at once.", {"model"}))),
      shed_(registry.counter(describe("slipway_shed_total",
                                      "Predictions refused because a policy's concurrency limit was reached.",
                                      {"model", "level"}))),
      cache_requests_(registry.counter(describe("slipway_cache_requests_total",
                                                "Predictions of an endpoint with a cache, by what became of them.",
                                                {"model", "version", "result"}))),
      cache_saved_(registry.counter(
          duration("slipway_cache_saved_seconds_total", "What the runs had taken that hits did without."))),
      cache_spent_(registry.counter(
          duration("slipway_cache_spent_seconds_total", "What looking up and keeping answers has taken."))) {}

metrics::Gauge PolicyMetrics::breaker_state(const std::string& model, const std::string& version) {
  return breaker_state_.with({model, version});
}

metrics::Counter PolicyMetrics::degraded(const std::string& model, std::string_view source, std::string_view reason) {
  return degraded_.with({model, std::string(source), std::string(reason)});
}

metrics::Counter PolicyMetrics::retries(const std::string& model) { return retries_.with({model}); }

metrics::Gauge PolicyMetrics::concurrency_limit(const std::string& model) { return concurrency_limit_.with({model}); }

metrics::Counter PolicyMetrics::shed(const std::string& model, std::uint32_t level) {
  return shed_.with({model, std::to_string(level)});
}

CacheMetrics PolicyMetrics::cache(const std::string& model, const std::string& version) {
  return {.hits = cache_requests_.with({model, version, "hit"}),
          .joined = cache_requests_.with({model, version, "joined"}),
          .stale = cache_requests_.with({model, version, "stale"}),
          .misses = cache_requests_.with({model, version, "miss"}),
          .bypasses = cache_requests_.with({model, version, "bypass"}),
          .saved_ns = cache_saved_.with({model, version}),
          .spent_ns = cache_spent_.with({model, version})};
}

}  // namespace slipway
