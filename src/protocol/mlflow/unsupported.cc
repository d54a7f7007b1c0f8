#include "protocol/mlflow/unsupported.h"

#include <algorithm>

namespace slipway::mlflow {
namespace {

constexpr std::string_view kTraces = "Traces are not kept here; runs, metrics, models and their files are.";
constexpr std::string_view kReviews = "Reviews of traces are not kept here.";
constexpr std::string_view kDatasets =
    "Evaluation datasets are not kept here; the datasets of runs are (runs/log-inputs).";
constexpr std::string_view kScorers = "Scorers are not run here.";
constexpr std::string_view kGateway = "There is no gateway to language models here.";
constexpr std::string_view kPrompts = "Prompts are not optimised here.";
constexpr std::string_view kWorkspaces = "There is one workspace here; ask without one.";
constexpr std::string_view kJobs = "Jobs of the MLflow console are not run here.";
constexpr std::string_view kPresigned = "Files go through this server; ask for them at mlflow-artifacts/artifacts.";
constexpr std::string_view kGraph = "GraphQL is not answered here; the calls of the REST API are.";

struct Family {
  std::string_view path;  // the call itself, and all below it
  std::string_view why;
};

// After /api/2.0/, /api/3.0/ and the same below /ajax-api/.
constexpr Family kFamilies[] = {
    {"mlflow/traces", kTraces},
    {"mlflow/unified-traces", kTraces},
    {"mlflow/get-online-trace-details", kTraces},
    {"mlflow/get-trace-artifact", kTraces},
    {"mlflow/issues", kReviews},
    {"mlflow/label-schemas", kReviews},
    {"mlflow/review-queues", kReviews},
    {"mlflow/datasets", kDatasets},
    {"mlflow/scorers", kScorers},
    {"mlflow/scorer", kScorers},
    {"mlflow/genai", kScorers},
    {"mlflow/gateway", kGateway},
    {"mlflow/gateway-proxy", kGateway},
    {"mlflow/runs/create-promptlab-run", kGateway},
    {"mlflow/prompt-optimization", kPrompts},
    {"mlflow/workspaces", kWorkspaces},
    {"mlflow/jobs", kJobs},
    {"mlflow/demo", kJobs},
    {"mlflow/ui-telemetry", kJobs},
    {"jobs", kJobs},
    {"mlflow/artifacts/presigned-upload-url", kPresigned},
    {"mlflow/artifacts/presigned-download-url", kPresigned},
    {"mlflow-artifacts/presigned", kPresigned},
};

bool is_within(std::string_view path, std::string_view family) noexcept {
  return path.starts_with(family) && (path.size() == family.size() || path[family.size()] == '/');
}

}  // namespace

std::string_view unsupported_call(std::string_view path) noexcept {
  if (is_within(path, "/v1/traces")) return kTraces;
  if (is_within(path, "/graphql")) return kGraph;
  for (const std::string_view prefix : {"/api/2.0/", "/api/3.0/", "/ajax-api/2.0/", "/ajax-api/3.0/"}) {
    if (!path.starts_with(prefix)) continue;
    const std::string_view call = path.substr(prefix.size());
    const auto* const found = std::find_if(std::begin(kFamilies), std::end(kFamilies),
                                           [&](const Family& f) { return is_within(call, f.path); });
    return found == std::end(kFamilies) ? std::string_view() : found->why;
  }
  return {};
}

}  // namespace slipway::mlflow
