#include "protocol/remote/metrics.h"

namespace slipway {
namespace {

metrics::Description describe(std::string name, std::string help, std::vector<std::string> labels) {
  metrics::Description description;
  description.name = std::move(name);
  description.help = std::move(help);
  description.label_names = std::move(labels);
  return description;
}

metrics::Description describe_seconds(std::string name, std::string help, std::vector<std::string> labels) {
  metrics::Description description = describe(std::move(name), std::move(help), std::move(labels));
  description.scale = 1e-9;
  return description;
}

}  // namespace

void RemoteOriginMetrics::count(const Result<RemoteReply>& result, std::chrono::nanoseconds took) {
  const std::string outcome = result ? std::to_string(result->status) : result.error().reason;
  auto found = outcomes.find(outcome);
  if (found == outcomes.end()) found = outcomes.emplace(outcome, requests->with({remote, outcome})).first;
  found->second.add();
  duration.observe(took);
}

metrics::GaugeFamily& remote_ready_family(metrics::Registry& registry) {
  return registry.gauge(describe("slipway_remote_ready",
                                 "Whether a remote version was ready, and as at its trial, when last looked at.",
                                 {"remote", "model"}));
}

RemoteMetrics::RemoteMetrics(metrics::Registry& registry)
    : requests_(registry.counter(describe("slipway_remote_requests_total",
                                          "Requests to other servers, by what came of them: the status of the answer, "
                                          "or why there was none.",
                                          {"remote", "outcome"}))),
      duration_(
          registry.histogram(describe_seconds("slipway_remote_request_duration_seconds",
                                              "Time of a request to another server, with connecting.", {"remote"}))),
      connections_(registry.gauge(
          describe("slipway_remote_connections", "Open connections to other servers, busy and idle.", {"remote"}))),
      opened_(registry.counter(
          describe("slipway_remote_connections_opened_total", "Connections opened to other servers.", {"remote"}))) {}

RemoteOriginMetrics RemoteMetrics::of(const std::string& remote) {
  return {.connections = connections_.with({remote}),
          .opened = opened_.with({remote}),
          .duration = duration_.with({remote}),
          .remote = remote,
          .requests = &requests_,
          .outcomes = {}};
}

}  // namespace slipway
