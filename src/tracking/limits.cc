#include "tracking/limits.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "base/json_writer.h"

namespace slipway {
namespace {

constexpr std::string_view kBadCharacter =
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes "
    "(/).";

tl::unexpected<Error> invalid(std::string message) {
  return fail(Code::kInvalidArgument, "tracking.invalid", std::move(message));
}

std::string json_text(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

std::string json_number(double number) {
  if (!std::isfinite(number)) return std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
  std::string json;
  JsonWriter(json).value(number);
  return json;
}

std::string join(std::string_view path, std::string_view member) {
  return path.empty() ? std::string(member) : std::string(path) + '.' + std::string(member);
}

bool is_ascii_alphanumeric(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_name_character(char c) noexcept {
  return is_ascii_alphanumeric(c) || std::string_view("/_.- :").find(c) != std::string_view::npos ||
         static_cast<unsigned char>(c) >= 0x80;
}

// What a file system would make another path of.
bool is_its_own_path(std::string_view name) noexcept {
  if (name.starts_with('/') || name.starts_with("..")) return false;
  for (;;) {
    const std::size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    name.remove_prefix(slash + 1);
  }
}

std::string normal_path(std::string_view name) {
  std::string normal = std::filesystem::path(name).lexically_normal().string();
  while (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
  return normal.empty() ? "." : normal;
}

// Bytes that begin a character.
bool begins_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

std::size_t count_characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

Status check_count(std::string_view what, std::size_t count, std::size_t count_max) {
  if (count <= count_max) return {};
  const std::string entity(what);
  return invalid("A batch logging request can contain at most " + std::to_string(count_max) + ' ' + entity + ". Got " +
                 std::to_string(count) + ' ' + entity + ". Please split up " + entity +
                 " across multiple requests and try again.");
}

}  // namespace

tl::unexpected<Error> invalid_value(std::string_view path, std::string_view json, std::string_view why) {
  std::string message = "Invalid value ";
  message.append(json).append(" for parameter '").append(path).append("' supplied");
  return invalid(why.empty() ? message + '.' : message + ": " + std::string(why));
}

std::string_view cut(std::string_view text, std::size_t characters_max) noexcept {
  if (text.size() <= characters_max) return text;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text[i]) && ++characters > characters_max) return text.substr(0, i);
  }
  return text;
}

Status check_length(std::string_view what, std::string_view text, std::size_t characters_max) {
  if (text.size() <= characters_max || count_characters(text) <= characters_max) return {};
  return invalid('\'' + std::string(what) + "' exceeds the maximum length of " + std::to_string(characters_max) +
                 " characters");
}

Status check_key(std::string_view key, std::string_view path) {
  if (!std::ranges::all_of(key, is_name_character)) return invalid_value(path, json_text(key), kBadCharacter);
  if (is_its_own_path(key)) return {};
  return invalid_value(path, json_text(key),
                       "Names may be treated as files in certain cases, and must not resolve to other names when "
                       "treated as such. This name would resolve to '" +
                           normal_path(key) + "'");
}

Status check_metric(const Metric& metric, std::string_view path) {
  SLIPWAY_CHECK(check_key(metric.key, join(path, "name")));
  if (metric.time_ms < 0) {
    return invalid_value(join(path, "timestamp"), std::to_string(metric.time_ms),
                         "metric '" + metric.key + "' (value=" + json_number(metric.value) +
                             "). Timestamp must be a nonnegative long (64-bit integer) ");
  }
  SLIPWAY_CHECK(check_length("Metric name", metric.key, kKeyCharactersMax));
  SLIPWAY_CHECK(check_length(join(path, "model_id"), metric.model_id, kModelIdCharactersMax));
  SLIPWAY_CHECK(check_length(join(path, "dataset_name"), metric.dataset_name, kDatasetNameCharactersMax));
  return check_length(join(path, "dataset_digest"), metric.dataset_digest, kDatasetDigestCharactersMax);
}

Status check_param(const KeyValue& param, std::string_view path) {
  SLIPWAY_CHECK(check_key(param.key, join(path, "key")));
  return check_length("Param key", param.key, kKeyCharactersMax);
}

Status check_run_tag(const KeyValue& tag, std::string_view path) {
  const std::string where = join(path, "key");
  SLIPWAY_CHECK(check_key(tag.key, where));
  return check_length(where, tag.key, kKeyCharactersMax);
}

Status check_experiment_tag(const KeyValue& tag, std::string_view path) {
  const std::string where = join(path, "key");
  SLIPWAY_CHECK(check_key(tag.key, where));
  SLIPWAY_CHECK(check_length(where, tag.key, kKeyCharactersMax));
  return check_length(join(path, "value"), tag.value, kExperimentTagValueCharactersMax);
}

Status check_experiment_name(std::string_view name) {
  if (name.empty()) return invalid("Invalid experiment name: ''");
  return check_length("name", name, kExperimentNameCharactersMax);
}

Status check_run_id(std::string_view id) {
  const bool is_valid =
      !id.empty() && id.size() <= 256 && is_ascii_alphanumeric(id.front()) &&
      std::ranges::all_of(id, [](char c) { return is_ascii_alphanumeric(c) || c == '_' || c == '-'; });
  if (is_valid) return {};
  return invalid_value("run_id", json_text(id), "");
}

Status check_unique(std::span<const KeyValue> params) {
  std::vector<std::string_view> keys;
  for (const KeyValue& param : params) keys.push_back(param.key);
  std::ranges::sort(keys);
  std::string twice;
  for (std::size_t i = 1; i < keys.size(); ++i) {
    if (keys[i] != keys[i - 1]) continue;
    twice.append(twice.empty() ? "'" : ", '").append(keys[i]).append("'");
  }
  if (twice.empty()) return {};
  return invalid("Duplicate parameter keys have been submitted: [" + twice +
                 "]. Please ensure the request contains only one param value per param key.");
}

Status check_batch(std::span<const Metric> metrics, std::span<const KeyValue> params, std::span<const KeyValue> tags) {
  const auto each = [](std::string_view list, const auto& entries, const auto& check) -> Status {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (check(entries[i], "")) continue;
      return check(entries[i], std::string(list) + '[' + std::to_string(i) + ']');  // the path is made for errors only
    }
    return {};
  };
  SLIPWAY_CHECK(each("metrics", metrics, check_metric));
  SLIPWAY_CHECK(each("params", params, check_param));
  SLIPWAY_CHECK(each("tags", tags, check_run_tag));
  SLIPWAY_CHECK(check_count("metrics", metrics.size(), kBatchMetricsMax));
  SLIPWAY_CHECK(check_count("params", params.size(), kBatchParamsMax));
  SLIPWAY_CHECK(check_count("tags", tags.size(), kBatchTagsMax));
  SLIPWAY_CHECK(
      check_count("metrics, params, and tags", metrics.size() + params.size() + tags.size(), kBatchEntitiesMax));
  return check_unique(params);
}

Status check_dataset_input(const DatasetInput& input, std::string_view path) {
  const Dataset& dataset = input.dataset;
  const std::string where = join(path, "dataset");
  if (dataset.name.empty()) return invalid("Missing value for required parameter '" + where + ".name'.");
  if (dataset.digest.empty()) return invalid("Missing value for required parameter '" + where + ".digest'.");
  SLIPWAY_CHECK(check_length("name", dataset.name, kDatasetNameCharactersMax));
  SLIPWAY_CHECK(check_length("digest", dataset.digest, kDatasetDigestCharactersMax));
  SLIPWAY_CHECK(check_length("source", dataset.source, kDatasetSourceCharactersMax));
  SLIPWAY_CHECK(check_length("schema", dataset.schema, kDatasetSchemaCharactersMax));
  SLIPWAY_CHECK(check_length("profile", dataset.profile, kDatasetProfileCharactersMax));
  for (const KeyValue& tag : input.tags) {
    SLIPWAY_CHECK(check_length("key", tag.key, kInputTagKeyCharactersMax));
    SLIPWAY_CHECK(check_length("value", tag.value, kInputTagValueCharactersMax));
  }
  return {};
}

Status check_logged_model_name(std::string_view name) {
  constexpr std::string_view kBad = "/:.%\"'";
  if (!name.empty() && name.find_first_of(kBad) == std::string_view::npos) {
    return check_length("name", name, kExperimentNameCharactersMax);
  }
  return invalid("Invalid model name (" + json_text(name) +
                 ") provided. Model name must be a non-empty string and cannot contain the following characters: ('/', "
                 "':', '.', '%', '\"', \"'\")");
}

}  // namespace slipway
