#include "lineage/node.h"

#include <algorithm>
#include <array>

#include "base/digest.h"

namespace slipway {
namespace {

constexpr std::array<std::string_view, 6> kKinds = {"dataset", "job", "run", "version", "release", "prediction"};
constexpr std::array<std::string_view, 7> kRelations = {"used",     "produced", "ran",     "started",
                                                        "released", "derived",  "answered"};
constexpr std::size_t kIdDigits = 32;

template <typename Enum, std::size_t N>
std::optional<Enum> parse(const std::array<std::string_view, N>& names, std::string_view text) noexcept {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

LineageNode make(LineageKind kind, std::string_view space, std::string_view name, std::string_view version,
                 std::string_view digest) {
  return {kind, std::string(space), std::string(name), std::string(version), std::string(digest)};
}

bool is_hex(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// A UUID in either spelling as 32 lower-case digits; any other text as it is.
std::string canonical_run_id(std::string_view text) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = text.size() == 36 && (i == 8 || i == 13 || i == 18 || i == 23);
    if (is_dash && text[i] == '-') continue;
    if (is_dash || !is_hex(text[i])) return std::string(text);
    digits += static_cast<char>(text[i] >= 'A' && text[i] <= 'F' ? text[i] - 'A' + 'a' : text[i]);
  }
  return digits.size() == 32 ? digits : std::string(text);
}

}  // namespace

std::string_view to_string(LineageKind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }
std::optional<LineageKind> parse_lineage_kind(std::string_view text) noexcept {
  return parse<LineageKind>(kKinds, text);
}

std::string_view to_string(LineageRelation relation) noexcept { return kRelations[static_cast<std::size_t>(relation)]; }
std::optional<LineageRelation> parse_lineage_relation(std::string_view text) noexcept {
  return parse<LineageRelation>(kRelations, text);
}

LineageNode LineageNode::dataset(std::string_view space, std::string_view name, std::string_view version) {
  return make(LineageKind::kDataset, space, name, version, "");
}
LineageNode LineageNode::job(std::string_view space, std::string_view name) {
  return make(LineageKind::kJob, space, name, "", "");
}
LineageNode LineageNode::run(std::string_view run_id) {
  return make(LineageKind::kRun, "", canonical_run_id(run_id), "", "");
}
LineageNode LineageNode::model_version(std::string_view model, std::string_view semver, std::string_view digest) {
  return make(LineageKind::kVersion, "", model, semver, digest);
}
LineageNode LineageNode::release(std::string_view model, std::string_view release_id) {
  return make(LineageKind::kRelease, model, release_id, "", "");
}
LineageNode LineageNode::prediction(std::string_view request_id) {
  return make(LineageKind::kPrediction, "", request_id, "", "");
}

std::string LineageNode::id() const {
  Sha256 hash;
  hash.update(to_string(kind));
  for (const std::string* member : {&space, &name, &version, &digest}) {
    hash.update(std::string_view("\0", 1));  // members have no NUL, so no two nodes give the same bytes
    hash.update(*member);
  }
  return hash.finish().hex().substr(0, kIdDigits);
}

}  // namespace slipway
