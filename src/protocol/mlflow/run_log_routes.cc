#include <algorithm>

#include "protocol/mlflow/logged_model_history.h"
#include "protocol/mlflow/tracking_call.h"
#include "protocol/mlflow/tracking_json.h"

namespace slipway::mlflow {
namespace {

constexpr std::uint64_t kInputsBytesMax = 18 << 20;  // one profile of 16 MiB, one schema of 1 MiB
constexpr std::size_t kModelsMax = 1000;

Result<std::string> log_metric(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, read_run_id(arguments));
  SLIPWAY_TRY(const Metric metric, read_metric(arguments));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.runs.log(t, id, {&metric, 1}, {}, {}); }));
  return "";
}

Result<std::string> log_param(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, read_run_id(arguments));
  SLIPWAY_TRY(const KeyValue param, read_key_value(arguments));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.runs.log(t, id, {}, {&param, 1}, {}); }));
  return "";
}

Result<std::string> set_tag(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, read_run_id(arguments));
  SLIPWAY_TRY(const KeyValue tag, read_key_value(arguments));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.runs.log(t, id, {}, {}, {&tag, 1}); }));
  return "";
}

Result<std::string> delete_tag(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, read_run_id(arguments));
  SLIPWAY_TRY(const std::string key, arguments.require_text("key"));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.runs.delete_tag(t, id, key); }));
  return "";
}

Result<std::string> log_batch(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, read_run_id(arguments));
  SLIPWAY_TRY(const auto metrics, read_metrics(arguments, "metrics"));
  SLIPWAY_TRY(const auto params, read_key_values(arguments, "params"));
  SLIPWAY_TRY(const auto tags, read_key_values(arguments, "tags"));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.runs.log(t, id, metrics, params, tags); }));
  return "";
}

Result<std::string> log_inputs(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, read_run_id(arguments));
  SLIPWAY_TRY(const auto datasets, read_dataset_inputs(arguments, "datasets"));
  SLIPWAY_TRY(const auto objects, arguments.objects("models", kModelsMax));
  std::vector<std::string> models;
  for (const Arguments& object : objects) {
    SLIPWAY_TRY(std::string model, object.require_text("model_id"));
    models.push_back(std::move(model));
  }
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.runs.log_inputs(t, id, datasets, models); }));
  return "";
}

Result<std::string> log_outputs(const TrackingParts& parts, const Arguments& arguments,
                                const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, read_run_id(arguments));
  SLIPWAY_TRY(const auto objects, arguments.objects("models", kModelsMax));
  std::vector<ModelOutput> models;
  for (const Arguments& object : objects) {
    ModelOutput output;
    SLIPWAY_TRY(output.model_id, object.require_text("model_id"));
    SLIPWAY_TRY(const auto step, object.integer("step"));
    output.step = step.value_or(0);
    models.push_back(std::move(output));
  }
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) { return parts.runs.log_outputs(t, id, models); }));
  return "";
}

// As MLflow 2 keeps the models of a run: a tag with a list of their descriptions.
Result<std::string> log_model(const TrackingParts& parts, const Arguments& arguments, const HttpRequest& /*request*/) {
  SLIPWAY_TRY(const std::string id, read_run_id(arguments));
  SLIPWAY_TRY(const std::string model, arguments.require_text("model_json"));
  SLIPWAY_CHECK(parts.database.write([&](Transaction& t) -> Status {
    SLIPWAY_TRY(const Run run, parts.runs.get(t, id));
    const auto tag = std::find_if(run.tags.begin(), run.tags.end(),
                                  [](const KeyValue& pair) { return pair.key == kLoggedModelHistoryTag; });
    SLIPWAY_TRY(std::string history, append_logged_model(tag == run.tags.end() ? "" : tag->value, model));
    const KeyValue changed{std::string(kLoggedModelHistoryTag), std::move(history)};
    return parts.runs.log(t, id, {}, {}, {&changed, 1});
  }));
  return "";
}

constexpr TrackingCall kCalls[] = {
    {Method::kPost, "runs/log-metric", Permission::kTrack, log_metric},
    {Method::kPost, "runs/log-parameter", Permission::kTrack, log_param},
    {Method::kPost, "runs/set-tag", Permission::kTrack, set_tag},
    {Method::kPost, "runs/delete-tag", Permission::kTrack, delete_tag},
    {Method::kPost, "runs/log-batch", Permission::kTrack, log_batch},
    {Method::kPost, "runs/log-inputs", Permission::kTrack, log_inputs, kInputsBytesMax},
    {Method::kPost, "runs/outputs", Permission::kTrack, log_outputs},
    {Method::kPost, "runs/log-model", Permission::kTrack, log_model},
};

}  // namespace

void add_run_log_routes(Router& router, const TrackingParts& parts) { add_calls(router, parts, kCalls); }

}  // namespace slipway::mlflow
