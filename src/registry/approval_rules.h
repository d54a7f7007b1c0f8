// Who may move a version where: pure decisions over values. migrations/0010_registry.sql states the same rules as
// triggers.
//
// - An approval is over the exact digest of a candidate, by a principal who is not its author; one a principal.
// - A version is approved once as many principals as required have approved it.
// - A rejection needs a reason; it makes the candidate a draft again and voids its approvals. The author may reject
// too:
//   that is how a candidate is withdrawn.
// - Any change of a candidate voids its approvals; an approved or retired version never changes.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"
#include "registry/model.h"

namespace slipway {

constexpr std::int64_t kApprovalsRequiredMax = 16;

bool can_move(VersionState from, VersionState to) noexcept;

// failed_precondition "version.bad_transition"; to candidate also "version.checks_failed".
Status check_move(const Version& version, VersionState to);

// failed_precondition "approval.not_candidate", "approval.digest_mismatch"; permission_denied "approval.by_author";
// already_exists "approval.twice". `approvals`: of this version.
Status check_approval(const Version& version, const Digest& digest, std::string_view principal,
                      std::span<const Approval> approvals);

// failed_precondition "approval.not_candidate", "approval.digest_mismatch"; invalid_argument "approval.no_reason".
Status check_rejection(const Version& version, const Digest& digest, std::string_view reason);

// The number of principals whose approval of this version counts.
std::size_t count_approvals(const Version& version, std::span<const Approval> approvals);

// Approved versions only serve while their approvals stand: data_loss "version.approval_broken" otherwise.
Status check_still_approved(const Version& version, std::span<const Approval> approvals);

}  // namespace slipway
