// What experiment tracking keeps: experiments, runs, metrics, params, tags, data sets, logged models. Plain values, in
// the words and units of the MLflow REST API (times in milliseconds since 1970).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway {

enum class LifecycleStage : std::uint8_t { kActive, kDeleted };
std::string_view to_string(LifecycleStage stage) noexcept;  // "active", "deleted"

enum class RunStatus : std::uint8_t { kRunning, kScheduled, kFinished, kFailed, kKilled };
std::string_view to_string(RunStatus status) noexcept;  // "RUNNING", …
std::optional<RunStatus> parse_run_status(std::string_view text) noexcept;

enum class LoggedModelStatus : std::uint8_t { kPending, kReady, kUploadFailed };
std::string_view to_string(LoggedModelStatus status) noexcept;  // "LOGGED_MODEL_PENDING", …
std::optional<LoggedModelStatus> parse_logged_model_status(std::string_view text) noexcept;

enum class ViewType : std::uint8_t { kActiveOnly, kDeletedOnly, kAll };
std::optional<ViewType> parse_view_type(std::string_view text) noexcept;  // "ACTIVE_ONLY", …

// A param or a tag.
struct KeyValue {
  std::string key;
  std::string value;
  bool operator==(const KeyValue&) const = default;
};

// One point. `value` may be NaN or infinite here; how SQL holds those is the store's business.
struct Metric {
  std::string key;
  double value = 0;
  std::int64_t time_ms = 0;
  std::int64_t step = 0;
  std::string model_id;      // "" where it belongs to no logged model
  std::string dataset_name;  // "" where none was named; the digest likewise
  std::string dataset_digest;
  std::string run_id;  // filled in where points of several runs stand together
};

struct Experiment {
  std::string id;
  std::string name;
  std::string artifact_location;
  LifecycleStage stage = LifecycleStage::kActive;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  std::vector<KeyValue> tags;  // by key
};

struct Dataset {
  std::string name;
  std::string digest;
  std::string source_type;
  std::string source;
  std::string schema;   // "" where absent
  std::string profile;  // "" where absent
};

struct DatasetInput {
  Dataset dataset;
  std::vector<KeyValue> tags;
};

struct ModelOutput {
  std::string model_id;
  std::int64_t step = 0;
};

struct RunInfo {
  std::int64_t number = 0;  // the key inside SQL; never leaves the server
  std::string id;           // 32 hexadecimal digits
  std::string experiment_id;
  std::string name;
  std::string user_id;
  RunStatus status = RunStatus::kRunning;
  std::int64_t start_ms = 0;
  std::optional<std::int64_t> end_ms;
  LifecycleStage stage = LifecycleStage::kActive;
  std::string artifact_uri;  // made of the experiment's location: "<location>/<run id>/artifacts"
};

struct Run {
  RunInfo info;
  std::vector<Metric> metrics;   // the latest of each key, by key
  std::vector<KeyValue> params;  // by key
  std::vector<KeyValue> tags;    // by key
  std::vector<DatasetInput> datasets;
  std::vector<std::string> input_models;
  std::vector<ModelOutput> output_models;
};

struct LoggedModel {
  std::string id;  // "m-" and 32 hexadecimal digits
  std::string experiment_id;
  std::string name;
  std::string artifact_uri;
  LoggedModelStatus status = LoggedModelStatus::kPending;
  std::string status_message;
  std::string model_type;
  std::string source_run_id;
  std::string created_by;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  LifecycleStage stage = LifecycleStage::kActive;
  std::vector<KeyValue> tags;    // by key
  std::vector<KeyValue> params;  // by key
  std::vector<Metric> metrics;   // the latest of each key and data set, in that order
};

}  // namespace slipway
