// How what tracking keeps is read from requests and written in answers of the MLflow API. Included by .cc files only.
//
// What is empty is left out, as protobuf's JSON does: clients read a text that is absent as none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/mlflow/wire.h"
#include "tracking/tracking.h"

namespace slipway::mlflow {

void write_key_values(JsonWriter& json, std::string_view name, const std::vector<KeyValue>& pairs);
void write_metric(JsonWriter& json, const Metric& metric);
void write_experiment(JsonWriter& json, const Experiment& experiment);
void write_run_info(JsonWriter& json, const RunInfo& info);
void write_run(JsonWriter& json, const Run& run);
void write_logged_model(JsonWriter& json, const LoggedModel& model);

// {"NAME": …}
template <typename T>
std::string object_with(std::string_view name, const T& value, void (*write)(JsonWriter&, const T&)) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key(name);
  write(json, value);
  json.end_object();
  return text;
}

// {"NAME": […], "next_page_token": …}, without the token on the last page.
template <typename T>
std::string page_with(std::string_view name, const std::vector<T>& values, std::string_view next_token,
                      void (*write)(JsonWriter&, const T&)) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key(name).begin_array();
  for (const T& value : values) write(json, value);
  json.end_array();
  if (!next_token.empty()) json.key("next_page_token").value(next_token);
  json.end_object();
  return text;
}

// "run_id", or "run_uuid" as the oldest clients say.
Result<std::string> read_run_id(const Arguments& arguments);
Result<Metric> read_metric(const Arguments& arguments);
Result<KeyValue> read_key_value(const Arguments& arguments);  // the key is required, the value may be empty
Result<std::vector<KeyValue>> read_key_values(const Arguments& arguments, std::string_view name);
Result<std::vector<Metric>> read_metrics(const Arguments& arguments, std::string_view name);
Result<std::vector<DatasetInput>> read_dataset_inputs(const Arguments& arguments, std::string_view name);
Result<std::optional<ViewType>> read_view_type(const Arguments& arguments, std::string_view name);
Result<std::optional<RunStatus>> read_run_status(const Arguments& arguments, std::string_view name);
Result<std::optional<LoggedModelStatus>> read_logged_model_status(const Arguments& arguments, std::string_view name);
// `otherwise` when absent; 0 for what is not positive, which searches refuse.
Result<std::size_t> read_limit(const Arguments& arguments, std::string_view name, std::size_t otherwise);

}  // namespace slipway::mlflow
