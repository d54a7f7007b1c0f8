#include "tracking/input_tags.h"

#include "base/json_writer.h"
#include "registry/strict_json.h"

namespace slipway {
namespace {

constexpr std::string_view kReason = "tracking.altered";
constexpr std::size_t kBytesMax = 64 << 20;
constexpr std::size_t kTagsMax = 1 << 20;

Result<std::vector<KeyValue>> parse(std::string_view json) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(json, kBytesMax, kReason));
  SLIPWAY_TRY(const std::vector<JsonValue> entries, document.root().array(kTagsMax));
  std::vector<KeyValue> tags;
  for (const JsonValue& entry : entries) {
    SLIPWAY_TRY(JsonMembers members, entry.object());
    SLIPWAY_TRY(const JsonValue key, members.require("key"));
    SLIPWAY_TRY(const JsonValue value, members.require("value"));
    SLIPWAY_TRY(const std::string_view key_text, key.text());
    SLIPWAY_TRY(const std::string_view value_text, value.text());
    tags.push_back({std::string(key_text), std::string(value_text)});
  }
  return tags;
}

}  // namespace

std::string write_input_tags(std::span<const KeyValue> tags) {
  std::string json;
  JsonWriter writer(json);
  writer.begin_array();
  for (const KeyValue& tag : tags) {
    writer.begin_object().key("key").value(tag.key).key("value").value(tag.value).end_object();
  }
  writer.end_array();
  return json;
}

Result<std::vector<KeyValue>> read_input_tags(std::string_view json) {
  if (json == "[]") return std::vector<KeyValue>{};
  auto tags = parse(json);
  if (!tags) tags.error().code = Code::kDataLoss;
  return tags;
}

}  // namespace slipway
