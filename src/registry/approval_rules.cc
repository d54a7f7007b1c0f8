#include "registry/approval_rules.h"

#include <algorithm>
#include <set>

namespace slipway {
namespace {

std::string label(const Version& version) { return version.model + '@' + version.semver.to_string(); }

bool counts(const Version& version, const Approval& approval) {
  return approval.decision == Decision::kApprove && !approval.voided_at && approval.version_id == version.id &&
         approval.digest == version.digest && approval.principal != version.author;
}

Status check_candidate(const Version& version, const Digest& digest) {
  if (version.state != VersionState::kCandidate) {
    return fail(
        Code::kFailedPrecondition, "approval.not_candidate",
        label(version) + " is " + std::string(to_string(version.state)) + "; only a candidate is approved or rejected");
  }
  if (version.digest == digest) return {};
  return fail(Code::kFailedPrecondition, "approval.digest_mismatch",
              label(version) + " has the digest " + version.digest.hex() + ", the decision names " + digest.hex());
}

}  // namespace

bool can_move(VersionState from, VersionState to) noexcept {
  switch (from) {
    case VersionState::kDraft:
      return to == VersionState::kCandidate || to == VersionState::kRetired;
    case VersionState::kCandidate:
      return to == VersionState::kDraft || to == VersionState::kApproved || to == VersionState::kRetired;
    case VersionState::kApproved:
      return to == VersionState::kRetired;
    case VersionState::kRetired:
      return false;
  }
  return false;
}

Status check_move(const Version& version, VersionState to) {
  if (!can_move(version.state, to)) {
    return fail(Code::kFailedPrecondition, "version.bad_transition",
                label(version) + " is " + std::string(to_string(version.state)) + " and cannot become " +
                    std::string(to_string(to)) + "; the way is draft, candidate, approved, retired");
  }
  if (to == VersionState::kCandidate && !version.checks_passed) {
    return fail(Code::kFailedPrecondition, "version.checks_failed",
                label(version) + " cannot become a candidate: its checks have not passed; see its test report");
  }
  return {};
}

Status check_approval(const Version& version, const Digest& digest, std::string_view principal,
                      std::span<const Approval> approvals) {
  SLIPWAY_CHECK(check_candidate(version, digest));
  if (principal == version.author) {
    return fail(Code::kPermissionDenied, "approval.by_author",
                label(version) + " was pushed by " + version.author + ", who cannot approve it; another principal can");
  }
  const auto is_mine = [&](const Approval& approval) {
    return counts(version, approval) && approval.principal == principal;
  };
  if (std::none_of(approvals.begin(), approvals.end(), is_mine)) return {};
  return fail(Code::kAlreadyExists, "approval.twice",
              label(version) + " is approved by " + std::string(principal) + " already; each principal counts once");
}

Status check_rejection(const Version& version, const Digest& digest, std::string_view reason) {
  SLIPWAY_CHECK(check_candidate(version, digest));
  if (reason.find_first_not_of(" \t\r\n") != std::string_view::npos) return {};
  return fail(Code::kInvalidArgument, "approval.no_reason", "reason: a rejection says why");
}

std::size_t count_approvals(const Version& version, std::span<const Approval> approvals) {
  std::set<std::string_view> principals;
  for (const Approval& approval : approvals) {
    if (counts(version, approval)) principals.insert(approval.principal);
  }
  return principals.size();
}

Status check_still_approved(const Version& version, std::span<const Approval> approvals) {
  if (version.state != VersionState::kApproved) return {};
  const std::int64_t required = std::max<std::int64_t>(1, version.approvals_required);
  const std::size_t count = count_approvals(version, approvals);
  if (static_cast<std::int64_t>(count) >= required) return {};
  return fail(Code::kDataLoss, "version.approval_broken",
              label(version) + " is marked approved but has " + std::to_string(count) + " approvals over its digest " +
                  version.digest.hex() + "; " + std::to_string(required) + " are required: the registry was altered");
}

}  // namespace slipway
