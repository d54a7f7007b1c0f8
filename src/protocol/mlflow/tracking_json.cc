#include "protocol/mlflow/tracking_json.h"

#include <algorithm>

namespace slipway::mlflow {
namespace {

// Lists are bounded by the size of the body; what a batch may hold is tracking/limits.h's business.
constexpr std::size_t kListMax = 100'000;

void write_text(JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.key(name).value(text);
}

void write_dataset_input(JsonWriter& json, const DatasetInput& input) {
  json.begin_object();
  write_key_values(json, "tags", input.tags);
  json.key("dataset").begin_object();
  json.key("name").value(input.dataset.name).key("digest").value(input.dataset.digest);
  json.key("source_type").value(input.dataset.source_type).key("source").value(input.dataset.source);
  write_text(json, "schema", input.dataset.schema);
  write_text(json, "profile", input.dataset.profile);
  json.end_object().end_object();
}

void write_inputs(JsonWriter& json, const Run& run) {
  json.key("inputs").begin_object();
  json.key("dataset_inputs").begin_array();
  for (const DatasetInput& input : run.datasets) write_dataset_input(json, input);
  json.end_array().key("model_inputs").begin_array();
  for (const std::string& model : run.input_models) json.begin_object().key("model_id").value(model).end_object();
  json.end_array().end_object();
}

void write_outputs(JsonWriter& json, const Run& run) {
  json.key("outputs").begin_object().key("model_outputs").begin_array();
  for (const ModelOutput& output : run.output_models) {
    json.begin_object().key("model_id").value(output.model_id).key("step").value(output.step).end_object();
  }
  json.end_array().end_object();
}

void write_metrics(JsonWriter& json, const std::vector<Metric>& metrics) {
  json.key("metrics").begin_array();
  for (const Metric& metric : metrics) write_metric(json, metric);
  json.end_array();
}

Result<DatasetInput> read_dataset_input(const Arguments& arguments) {
  DatasetInput input;
  SLIPWAY_TRY(input.tags, read_key_values(arguments, "tags"));
  SLIPWAY_TRY(const auto dataset, arguments.object("dataset"));
  if (!dataset) return missing_value(arguments.path_of("dataset"));
  SLIPWAY_TRY(input.dataset.name, dataset->require_text("name"));
  SLIPWAY_TRY(input.dataset.digest, dataset->require_text("digest"));
  SLIPWAY_TRY(input.dataset.source_type, dataset->require_text("source_type"));
  SLIPWAY_TRY(input.dataset.source, dataset->require_text("source"));
  SLIPWAY_TRY(input.dataset.schema, dataset->text("schema"));
  SLIPWAY_TRY(input.dataset.profile, dataset->text("profile"));
  return input;
}

template <typename T>
Result<std::vector<T>> read_list(const Arguments& arguments, std::string_view name,
                                 Result<T> (*read)(const Arguments&)) {
  SLIPWAY_TRY(const auto objects, arguments.objects(name, kListMax));
  std::vector<T> all;
  all.reserve(objects.size());
  for (const Arguments& object : objects) {
    SLIPWAY_TRY(T one, read(object));
    all.push_back(std::move(one));
  }
  return all;
}

// Protobuf's JSON has an enumeration by name or by number; `names` are those of 1, 2, ….
template <typename T>
Result<std::optional<T>> read_enumeration(const Arguments& arguments, std::string_view name,
                                          std::initializer_list<std::string_view> names,
                                          std::optional<T> (*parse)(std::string_view) noexcept) {
  SLIPWAY_TRY(const std::string text, arguments.name_or_number(name));
  if (text.empty()) return std::nullopt;
  std::string expected;
  std::size_t number = 0;
  for (const std::string_view known : names) {
    if (text == known || text == std::to_string(++number)) return parse(known);
    expected.append(expected.empty() ? "" : ", ").append(known);
  }
  std::string found;
  append_json_string(found, text);
  return invalid_value(arguments.path_of(name), found, "expected is one of " + expected);
}

}  // namespace

void write_key_values(JsonWriter& json, std::string_view name, const std::vector<KeyValue>& pairs) {
  json.key(name).begin_array();
  for (const auto& [key, value] : pairs)
    json.begin_object().key("key").value(key).key("value").value(value).end_object();
  json.end_array();
}

void write_metric(JsonWriter& json, const Metric& metric) {
  json.begin_object().key("key").value(metric.key).key("value");
  write_number(json, metric.value);
  json.key("timestamp").value(metric.time_ms).key("step").value(metric.step);
  write_text(json, "model_id", metric.model_id);
  write_text(json, "dataset_name", metric.dataset_name);
  write_text(json, "dataset_digest", metric.dataset_digest);
  write_text(json, "run_id", metric.run_id);
  json.end_object();
}

void write_experiment(JsonWriter& json, const Experiment& experiment) {
  json.begin_object().key("experiment_id").value(experiment.id).key("name").value(experiment.name);
  json.key("artifact_location").value(experiment.artifact_location);
  json.key("lifecycle_stage").value(to_string(experiment.stage));
  json.key("creation_time").value(experiment.created_ms).key("last_update_time").value(experiment.updated_ms);
  write_key_values(json, "tags", experiment.tags);
  json.end_object();
}

void write_run_info(JsonWriter& json, const RunInfo& info) {
  json.begin_object().key("run_id").value(info.id).key("run_uuid").value(info.id).key("run_name").value(info.name);
  json.key("experiment_id").value(info.experiment_id).key("user_id").value(info.user_id);
  json.key("status").value(to_string(info.status)).key("start_time").value(info.start_ms);
  if (info.end_ms) json.key("end_time").value(*info.end_ms);
  json.key("artifact_uri").value(info.artifact_uri).key("lifecycle_stage").value(to_string(info.stage)).end_object();
}

void write_run(JsonWriter& json, const Run& run) {
  json.begin_object().key("info");
  write_run_info(json, run.info);
  json.key("data").begin_object();
  write_metrics(json, run.metrics);
  write_key_values(json, "params", run.params);
  write_key_values(json, "tags", run.tags);
  json.end_object();
  write_inputs(json, run);
  write_outputs(json, run);
  json.end_object();
}

void write_logged_model(JsonWriter& json, const LoggedModel& model) {
  json.begin_object().key("info").begin_object();
  json.key("model_id").value(model.id).key("experiment_id").value(model.experiment_id).key("name").value(model.name);
  json.key("creation_timestamp_ms").value(model.created_ms).key("last_updated_timestamp_ms").value(model.updated_ms);
  json.key("artifact_uri").value(model.artifact_uri).key("status").value(to_string(model.status));
  write_text(json, "model_type", model.model_type);
  write_text(json, "source_run_id", model.source_run_id);
  write_text(json, "status_message", model.status_message);
  write_key_values(json, "tags", model.tags);
  json.end_object().key("data").begin_object();
  write_key_values(json, "params", model.params);
  write_metrics(json, model.metrics);
  json.end_object().end_object();
}

Result<std::string> read_run_id(const Arguments& arguments) {
  SLIPWAY_TRY(std::string id, arguments.text("run_id"));
  if (!id.empty()) return id;
  SLIPWAY_TRY(id, arguments.text("run_uuid"));
  if (id.empty()) return missing_value(arguments.path_of("run_id"));
  return id;
}

Result<Metric> read_metric(const Arguments& arguments) {
  Metric metric;
  SLIPWAY_TRY(metric.key, arguments.require_text("key"));
  SLIPWAY_TRY(metric.value, arguments.require_number("value"));
  SLIPWAY_TRY(metric.time_ms, arguments.require_integer("timestamp"));
  SLIPWAY_TRY(const auto step, arguments.integer("step"));
  metric.step = step.value_or(0);
  SLIPWAY_TRY(metric.model_id, arguments.text("model_id"));
  SLIPWAY_TRY(metric.dataset_name, arguments.text("dataset_name"));
  SLIPWAY_TRY(metric.dataset_digest, arguments.text("dataset_digest"));
  return metric;
}

Result<KeyValue> read_key_value(const Arguments& arguments) {
  KeyValue pair;
  SLIPWAY_TRY(pair.key, arguments.require_text("key"));
  SLIPWAY_TRY(pair.value, arguments.text("value"));
  return pair;
}

Result<std::vector<KeyValue>> read_key_values(const Arguments& arguments, std::string_view name) {
  return read_list(arguments, name, read_key_value);
}

Result<std::vector<Metric>> read_metrics(const Arguments& arguments, std::string_view name) {
  return read_list(arguments, name, read_metric);
}

Result<std::vector<DatasetInput>> read_dataset_inputs(const Arguments& arguments, std::string_view name) {
  return read_list(arguments, name, read_dataset_input);
}

Result<std::optional<ViewType>> read_view_type(const Arguments& arguments, std::string_view name) {
  return read_enumeration<ViewType>(arguments, name, {"ACTIVE_ONLY", "DELETED_ONLY", "ALL"}, parse_view_type);
}

Result<std::optional<RunStatus>> read_run_status(const Arguments& arguments, std::string_view name) {
  return read_enumeration<RunStatus>(arguments, name, {"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"},
                                     parse_run_status);
}

Result<std::optional<LoggedModelStatus>> read_logged_model_status(const Arguments& arguments, std::string_view name) {
  return read_enumeration<LoggedModelStatus>(
      arguments, name, {"LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"},
      parse_logged_model_status);
}

Result<std::size_t> read_limit(const Arguments& arguments, std::string_view name, std::size_t otherwise) {
  SLIPWAY_TRY(const auto limit, arguments.integer(name));
  if (!limit) return otherwise;
  return static_cast<std::size_t>(std::max<std::int64_t>(0, *limit));
}

}  // namespace slipway::mlflow
