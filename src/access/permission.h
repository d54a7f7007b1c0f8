// What a request needs and what a role gives. A route cannot be written without naming its Permission.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway {

enum class Permission : std::uint8_t {
  kPublic,        // health and the server's own metadata; anyone
  kReadEndpoint,  // a served model's inputs, outputs and readiness: what a caller must know
  kReadMetadata,  // models, versions, contracts, cards
  kReadMetrics,
  kPredict,
  kRegister,      // push a version, upload its files
  kTrack,         // create experiments, log runs
  kApprove,       // approve or reject a version (never one's own)
  kDeploy,        // retire, roll out, roll back
  kManageAccess,  // principals, keys, grants
  kReadAudit,
};

enum class Role : std::uint8_t { kViewer, kPredictor, kDataScientist, kApprover, kOperator, kAdmin, kAuditor };

std::string_view to_string(Permission permission) noexcept;
std::string_view to_string(Role role) noexcept;  // "viewer", "predictor", "data-scientist", …
std::optional<Role> parse_role(std::string_view text) noexcept;

// The matrix of roles and permissions; everything that is not in it is denied.
bool allows(Role role, Permission permission) noexcept;

// A role on one model, or on all ("*").
struct Grant {
  Role role = Role::kViewer;
  std::string model = "*";
  bool operator==(const Grant&) const = default;
};

// Who asked.
struct Principal {
  std::string id;    // stable, in records: a UUID, or "anonymous" / the claimed name with --auth off
  std::string name;  // for people
  std::vector<Grant> grants;

  // Precondition: `model` is the model the request names, "" when it names none: then any grant of the role counts, but
  // managing access and reading the audit log need it on all models.
  bool may(Permission permission, std::string_view model) const noexcept;
};

}  // namespace slipway
