#include "serving/class_labels.h"

#include "registry/strict_json.h"

namespace slipway {
namespace {

constexpr std::size_t kBytesMax = 16 << 10;  // what the manifest allows
constexpr std::size_t kLabelsMax = 10'000;

Result<std::vector<std::string>> parse(std::string_view text) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(text, kBytesMax, "bundle.labels"));
  SLIPWAY_TRY(const std::vector<JsonValue> entries, document.root().array(kLabelsMax));
  std::vector<std::string> labels;
  for (const JsonValue& entry : entries) {
    SLIPWAY_TRY(const std::string_view label, entry.text());
    labels.emplace_back(label);
  }
  return labels;
}

}  // namespace

std::vector<std::string> class_labels(const Manifest& manifest) {
  const auto found = manifest.metadata.find("labels");
  if (found == manifest.metadata.end()) return {};
  return parse(found->second).value_or(std::vector<std::string>());
}

}  // namespace slipway
