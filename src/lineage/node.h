// The things that lineage connects.
//
// A node is what it is: two with the same members are the same node, whoever tells of it (an MLflow client, an
// OpenLineage event, the registry).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slipway {

enum class LineageKind : std::uint8_t { kDataset, kJob, kRun, kVersion, kRelease, kPrediction };
std::string_view to_string(LineageKind kind) noexcept;  // "dataset", …
std::optional<LineageKind> parse_lineage_kind(std::string_view text) noexcept;

// In the direction in which data flows: from a dataset to the run that used it, from a run to what it produced.
enum class LineageRelation : std::uint8_t {
  kUsed,      // dataset or version -> run
  kProduced,  // run -> dataset or version
  kRan,       // job -> its run
  kStarted,   // run -> run, as parent and child
  kReleased,  // version -> release
  kDerived,   // dataset -> dataset, version -> version: without a run that is known
  kAnswered,  // version -> prediction: of the audit log, never stored here
};
std::string_view to_string(LineageRelation relation) noexcept;  // "used", …
std::optional<LineageRelation> parse_lineage_relation(std::string_view text) noexcept;

struct LineageNode {
  LineageKind kind = LineageKind::kDataset;
  std::string space;    // the namespace of a dataset or job, "" for others
  std::string name;     // of a dataset, job or model; the id of a run, release or prediction
  std::string version;  // a dataset's digest or version, "" when it is not known; a model's semantic version
  std::string digest;   // of a model version's bundle, hexadecimal

  static LineageNode dataset(std::string_view space, std::string_view name, std::string_view version);
  static LineageNode job(std::string_view space, std::string_view name);
  // With or without dashes: MLflow's run ids are UUIDs without them, OpenLineage's have them.
  static LineageNode run(std::string_view run_id);
  static LineageNode model_version(std::string_view model, std::string_view semver, std::string_view digest);
  static LineageNode release(std::string_view model, std::string_view release_id);
  static LineageNode prediction(std::string_view request_id);

  std::string id() const;  // 32 hexadecimal digits, from all members
  bool operator==(const LineageNode&) const = default;
};

}  // namespace slipway
