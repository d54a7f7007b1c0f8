// The limits of what clients may log, and their messages: the texts that MLflow's own clients know.
//
// Lengths are counted in characters (Unicode code points), as MLflow counts them. A name may have letters and digits of
// any script: every character outside ASCII passes.
//
// All are pure and return invalid_argument "tracking.invalid". `path` says where in a request the value stands: "" for
// the request itself, "metrics[0]" for an entry of a list.
#pragma once

#include <span>
#include <string_view>

#include "tracking/tracking.h"

namespace slipway {

constexpr std::size_t kKeyCharactersMax = 250;
constexpr std::size_t kParamValueCharactersMax = 6000;
constexpr std::size_t kRunTagValueCharactersMax = 8000;
constexpr std::size_t kRunNameCharactersMax = kRunTagValueCharactersMax;  // a name is kept as a tag, too
constexpr std::size_t kExperimentNameCharactersMax = 500;
constexpr std::size_t kExperimentTagValueCharactersMax = 20'000;
constexpr std::size_t kArtifactLocationCharactersMax = 2048;
constexpr std::size_t kModelIdCharactersMax = 64;
constexpr std::size_t kDatasetNameCharactersMax = 500;
constexpr std::size_t kDatasetDigestCharactersMax = 36;
constexpr std::size_t kDatasetSourceCharactersMax = 65'535;
constexpr std::size_t kDatasetSchemaCharactersMax = 1'048'575;
constexpr std::size_t kDatasetProfileCharactersMax = 16'777'215;
constexpr std::size_t kInputTagKeyCharactersMax = 255;
constexpr std::size_t kInputTagValueCharactersMax = 500;
constexpr std::size_t kBatchMetricsMax = 1000;
constexpr std::size_t kBatchParamsMax = 100;
constexpr std::size_t kBatchTagsMax = 100;
constexpr std::size_t kBatchEntitiesMax = 1000;
constexpr std::size_t kInputsMax = 1000;

// `path` is the key's own: "metrics[0].name". Refuses also what would be another name as a path of files ("a//b").
Status check_key(std::string_view key, std::string_view path);
Status check_metric(const Metric& metric, std::string_view path);
// A value that is too long is no error: the store cuts it (cut()).
Status check_param(const KeyValue& param, std::string_view path);
Status check_run_tag(const KeyValue& tag, std::string_view path);
Status check_experiment_tag(const KeyValue& tag, std::string_view path);
Status check_experiment_name(std::string_view name);
Status check_run_id(std::string_view id);  // [A-Za-z0-9][A-Za-z0-9_-]{0,255}
// Each entry, how many there are, and that no param stands twice.
Status check_batch(std::span<const Metric> metrics, std::span<const KeyValue> params, std::span<const KeyValue> tags);
// No key stands twice.
Status check_unique(std::span<const KeyValue> params);
Status check_dataset_input(const DatasetInput& input, std::string_view path);
Status check_logged_model_name(std::string_view name);

// "'WHAT' exceeds the maximum length of …" where `text` has more characters than that.
Status check_length(std::string_view what, std::string_view text, std::size_t characters_max);
// The first `characters_max` characters.
std::string_view cut(std::string_view text, std::size_t characters_max) noexcept;

// "Invalid value JSON for parameter 'PATH' supplied: WHY"
tl::unexpected<Error> invalid_value(std::string_view path, std::string_view json, std::string_view why);

}  // namespace slipway
