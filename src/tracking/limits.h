// The limits of what clients may log, and their messages: the texts that MLflow's own clients know.
//
// All are pure and return invalid_argument "tracking.invalid" with `path` ("metrics[0].name") in the message.
#pragma once

#include <span>
#include <string_view>

#include "tracking/tracking.h"

namespace slipway {

constexpr std::size_t kTrackingKeyBytesMax = 250;
constexpr std::size_t kParamValueBytesMax = 6000;
constexpr std::size_t kRunTagValueBytesMax = 8000;
constexpr std::size_t kExperimentNameBytesMax = 500;
constexpr std::size_t kExperimentTagValueBytesMax = 5000;
constexpr std::size_t kBatchMetricsMax = 1000;
constexpr std::size_t kBatchParamsMax = 100;
constexpr std::size_t kBatchTagsMax = 100;
constexpr std::size_t kBatchEntitiesMax = 1000;

Status check_key(std::string_view key, std::string_view path);  // also: no "..", leading "/" and the like
Status check_metric(const Metric& metric, std::string_view path);
Status check_param(const KeyValue& param, std::string_view path);
Status check_run_tag(const KeyValue& tag, std::string_view path);
Status check_experiment_tag(const KeyValue& tag, std::string_view path);
Status check_experiment_name(std::string_view name);
Status check_run_id(std::string_view id);  // [A-Za-z0-9][A-Za-z0-9_-]{0,255}
Status check_batch(std::span<const Metric> metrics, std::span<const KeyValue> params, std::span<const KeyValue> tags);
Status check_dataset_input(const DatasetInput& input, std::string_view path);

}  // namespace slipway
