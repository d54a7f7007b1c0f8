#include "access/permission.h"

#include <algorithm>
#include <array>

namespace slipway {
namespace {

constexpr std::array<std::string_view, 11> kPermissionNames = {
    "public", "read-endpoint", "read-metadata", "read-metrics",  "predict",   "register",
    "track",  "approve",       "deploy",        "manage-access", "read-audit"};
constexpr std::array<std::string_view, 7> kRoleNames = {"viewer",   "predictor", "data-scientist", "approver",
                                                        "operator", "admin",     "auditor"};

constexpr unsigned bit(Permission permission) { return 1U << static_cast<unsigned>(permission); }

constexpr unsigned kReads =
    bit(Permission::kReadEndpoint) | bit(Permission::kReadMetadata) | bit(Permission::kReadMetrics);

// In the order of Role. An admin manages access and can neither predict nor approve; only other roles can.
constexpr std::array<unsigned, 7> kMatrix = {
    kReads,
    bit(Permission::kReadEndpoint) | bit(Permission::kPredict),
    kReads | bit(Permission::kPredict) | bit(Permission::kRegister) | bit(Permission::kTrack),
    kReads | bit(Permission::kApprove),
    kReads | bit(Permission::kDeploy),
    kReads | bit(Permission::kTrack) | bit(Permission::kManageAccess),
    kReads | bit(Permission::kReadAudit),
};

// What concerns the whole server and so cannot be had by a role on one model: whoever manages access could give
// themselves every other role, and the log tells of every model.
constexpr unsigned kServerWide = bit(Permission::kManageAccess) | bit(Permission::kReadAudit);

}  // namespace

std::string_view to_string(Permission permission) noexcept {
  return kPermissionNames[static_cast<std::size_t>(permission)];
}
std::string_view to_string(Role role) noexcept { return kRoleNames[static_cast<std::size_t>(role)]; }

std::optional<Role> parse_role(std::string_view text) noexcept {
  const auto found = std::find(kRoleNames.begin(), kRoleNames.end(), text);
  if (found == kRoleNames.end()) return std::nullopt;
  return static_cast<Role>(found - kRoleNames.begin());
}

bool allows(Role role, Permission permission) noexcept {
  return permission == Permission::kPublic || (kMatrix[static_cast<std::size_t>(role)] & bit(permission)) != 0;
}

bool Principal::may(Permission permission, std::string_view model) const noexcept {
  if (permission == Permission::kPublic) return true;
  const bool is_any_model_enough = model.empty() && (kServerWide & bit(permission)) == 0;
  return std::any_of(grants.begin(), grants.end(), [&](const Grant& grant) {
    return allows(grant.role, permission) && (is_any_model_enough || grant.model == "*" || grant.model == model);
  });
}

}  // namespace slipway
