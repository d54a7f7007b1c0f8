// What the registry keeps: models, their versions, approvals, and what happened to them. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/result.h"
#include "registry/semver.h"

namespace slipway {

// draft -> candidate -> approved -> retired. A rejected candidate is a draft again; anything can be retired.
enum class VersionState : std::uint8_t { kDraft, kCandidate, kApproved, kRetired };

std::string_view to_string(VersionState state) noexcept;  // "draft", …
std::optional<VersionState> parse_version_state(std::string_view text) noexcept;

struct Model {
  std::string name;
  std::string description;
  std::string created_by;
  std::optional<std::int64_t> approvals_required;  // null: the server's setting
  std::int64_t last_number = 0;                    // the newest integer version, 0 before the first
  WallTime created_at{};
  WallTime updated_at{};
  bool is_hidden = false;  // deleted by a client; its versions are kept
};

// A version's bytes (digest), names (model, semver, number) and author never change. A semantic version that was ever a
// candidate is taken for good; a draft that never was can be replaced by its author, under a new id and number, so that
// neither ever stands for other bytes.
struct Version {
  std::string id;
  std::string model;
  std::int64_t number = 0;  // 1, 2, … within the model: the version as MLflow counts
  SemVer semver;
  VersionState state = VersionState::kDraft;
  bool was_candidate = false;
  std::string state_reason;  // of the newest move; "" where none was given
  Digest digest;             // of the bundle
  std::string author;        // the principal who pushed it
  std::string description;
  bool checks_passed = false;           // the gate to candidate
  std::string probe_report;             // JSON, "" when there is none
  std::string test_report;              // JSON, "" when the bundle has no tests
  std::string contract_digest;          // hexadecimal, "" without a contract
  std::int64_t approvals_required = 0;  // as it stood when approved; 0 before
  WallTime created_at{};
  WallTime updated_at{};
};

enum class Decision : std::uint8_t { kApprove, kReject };
std::string_view to_string(Decision decision) noexcept;  // "approve", "reject"

struct Approval {
  std::string id;
  std::string version_id;
  Digest digest;
  std::string principal;
  Decision decision = Decision::kApprove;
  std::string reason;
  WallTime created_at{};
  std::optional<WallTime> voided_at;  // by a rejection or a change of the version
};

struct RegistryEvent {
  std::string id;
  std::string model;
  std::string version_id;  // "" when it is about the model
  std::string kind;        // "version.approved", …
  std::string principal;
  std::string detail;  // JSON object
  WallTime created_at{};
};

constexpr std::size_t kModelNameBytesMax = 255;  // what a record of the audit log holds

// Text that is one segment of a path and of a reference, whatever decodes it: UTF-8 without control characters and
// without / : @ \ % ? # ; not "." or "..", no space at either end. invalid_argument "model.invalid_name".
Status check_model_name(std::string_view name);

// "iris", "iris@^1.2", "iris@1.2.3".
struct ModelReference {
  std::string model;
  std::optional<SemVer> exact;  // a whole version, with or without "="
  SemVerRange range = SemVerRange::any();
};

// invalid_argument "model.invalid_name", "semver.invalid_range".
Result<ModelReference> parse_model_reference(std::string_view text);

}  // namespace slipway
