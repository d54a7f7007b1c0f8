#include "lineage/subject.h"

#include <algorithm>

#include "base/bytes.h"
#include "lineage/graph.h"
#include "lineage/lineage_store.h"

namespace slipway {
namespace {

constexpr std::string_view kSha256 = "sha256:";

// Adds what a condition finds, as far as there is room.
Status add_found(Transaction& t, std::string_view condition, SqlArguments arguments, std::vector<LineageNode>& found) {
  if (found.size() >= kLineageRootsMax) return {};
  const std::string limit = std::to_string(kLineageRootsMax - found.size());
  SLIPWAY_TRY(const auto rows, t.query("SELECT " + std::string(kLineageNodeColumns) + " FROM lineage_nodes n WHERE " +
                                           std::string(condition) + " ORDER BY n.created_at DESC, n.id LIMIT " + limit,
                                       arguments));
  for (const Row& row : rows) {
    SLIPWAY_TRY(LineageNode node, read_lineage_node(row, 0));
    if (std::find(found.begin(), found.end(), node) == found.end()) found.push_back(std::move(node));
  }
  return {};
}

// A digest with and without the name of its algorithm.
std::string other_spelling(const std::string& text) {
  if (text.starts_with(kSha256)) return text.substr(kSha256.size());
  return std::string(kSha256) + text;
}

// MLflow keeps 36 characters of a data set's digest, so `slipway run record` tells it the first half of a SHA-256.
std::string short_spelling(const std::string& text) {
  constexpr std::size_t kHexDigits = 64;
  return text.size() == kHexDigits ? text.substr(0, kHexDigits / 2) : text;
}

}  // namespace

Result<LineageSubject> parse_lineage_subject(std::string_view text) {
  if (text.empty() || text.size() > kLineageTextBytesMax || !is_utf8(text) || text.find('\0') != text.npos) {
    return fail(Code::kInvalidArgument, "lineage.invalid_subject",
                "subject " + quoted(text) +
                    ": accepted is MODEL@VERSION, or the name, digest or id of a dataset, run, job, release or "
                    "prediction, perhaps after dataset:, run:, job:, release: or prediction:");
  }
  const std::size_t colon = text.find(':');
  if (colon != text.npos && colon + 1 < text.size()) {
    if (const auto kind = parse_lineage_kind(text.substr(0, colon)))
      return LineageSubject{kind, std::string(text.substr(colon + 1))};
  }
  return LineageSubject{std::nullopt, std::string(text)};
}

Result<std::vector<LineageNode>> find_lineage_nodes(Transaction& t, const LineageSubject& subject) {
  const auto may_be = [&](LineageKind kind) { return !subject.kind || *subject.kind == kind; };
  const std::string& text = subject.text;
  std::vector<LineageNode> found;
  if (const std::size_t at = text.rfind('@'); at != std::string::npos) {
    const SqlArguments halves{text.substr(0, at), text.substr(at + 1)};
    if (may_be(LineageKind::kVersion))
      SLIPWAY_CHECK(add_found(t, "n.name = $1 AND n.kind = 'version' AND n.version = $2", halves, found));
    if (may_be(LineageKind::kRelease))
      SLIPWAY_CHECK(add_found(t, "n.name = $2 AND n.kind = 'release' AND n.namespace = $1", halves, found));
  }
  if (may_be(LineageKind::kRun)) {
    SLIPWAY_CHECK(add_found(t, "n.name = $1 AND n.kind = 'run'", {LineageNode::run(text).name}, found));
  }
  if (may_be(LineageKind::kDataset)) {
    SLIPWAY_CHECK(add_found(t, "n.name = $1 AND n.kind = 'dataset'", {text}, found));
    SLIPWAY_CHECK(add_found(t, "n.version = $1 AND n.kind = 'dataset'", {text}, found));
    SLIPWAY_CHECK(add_found(t, "n.version = $1 AND n.kind = 'dataset'", {other_spelling(text)}, found));
    SLIPWAY_CHECK(add_found(t, "n.version = $1 AND n.kind = 'dataset'", {short_spelling(text)}, found));
  }
  if (may_be(LineageKind::kVersion)) {
    SLIPWAY_CHECK(add_found(t, "n.digest = $1 AND n.kind = 'version'", {text}, found));
  }
  if (may_be(LineageKind::kJob)) {
    SLIPWAY_CHECK(add_found(t, "n.name = $1 AND n.kind = 'job'", {text}, found));
  }
  return found;
}

}  // namespace slipway
