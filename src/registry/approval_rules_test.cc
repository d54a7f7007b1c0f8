#include "registry/approval_rules.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

Version candidate() {
  Version version;
  version.id = "v1";
  version.model = "iris";
  version.semver = SemVer{1, 0, 0, ""};
  version.state = VersionState::kCandidate;
  version.digest = sha256("bytes");
  version.author = "ana";
  version.checks_passed = true;
  return version;
}

Approval by(std::string principal) {
  Approval approval;
  approval.version_id = "v1";
  approval.digest = sha256("bytes");
  approval.principal = std::move(principal);
  return approval;
}

TEST(ApprovalRules, StatesMoveOnlyAlongTheTable) {
  using S = VersionState;
  const std::vector<std::pair<S, S>> allowed = {{S::kDraft, S::kCandidate},   {S::kDraft, S::kRetired},
                                                {S::kCandidate, S::kDraft},   {S::kCandidate, S::kApproved},
                                                {S::kCandidate, S::kRetired}, {S::kApproved, S::kRetired}};
  for (const S from : {S::kDraft, S::kCandidate, S::kApproved, S::kRetired}) {
    for (const S to : {S::kDraft, S::kCandidate, S::kApproved, S::kRetired}) {
      const bool is_allowed = std::find(allowed.begin(), allowed.end(), std::pair(from, to)) != allowed.end();
      EXPECT_EQ(can_move(from, to), is_allowed) << to_string(from) << " to " << to_string(to);
    }
  }
}

TEST(ApprovalRules, CandidateNeedsItsChecks) {
  Version version = candidate();
  version.state = VersionState::kDraft;
  EXPECT_TRUE(check_move(version, VersionState::kCandidate));
  version.checks_passed = false;
  EXPECT_EQ(check_move(version, VersionState::kCandidate).error().reason, "version.checks_failed");
  EXPECT_EQ(check_move(version, VersionState::kApproved).error().reason, "version.bad_transition");
}

TEST(ApprovalRules, ApprovalIsByAnotherOnceOverTheExactDigestOfACandidate) {
  const Version version = candidate();
  EXPECT_TRUE(check_approval(version, version.digest, "ben", {}));
  EXPECT_EQ(check_approval(version, version.digest, "ana", {}).error().reason, "approval.by_author");
  EXPECT_EQ(check_approval(version, sha256("other"), "ben", {}).error().reason, "approval.digest_mismatch");
  EXPECT_EQ(check_approval(version, version.digest, "ben", std::vector{by("ben")}).error().reason, "approval.twice");
  auto voided = by("ben");
  voided.voided_at = WallTime{};
  EXPECT_TRUE(check_approval(version, version.digest, "ben", std::vector{voided}));
  Version draft = version;
  draft.state = VersionState::kDraft;
  EXPECT_EQ(check_approval(draft, version.digest, "ben", {}).error().reason, "approval.not_candidate");
}

TEST(ApprovalRules, RejectionSaysWhy) {
  const Version version = candidate();
  EXPECT_TRUE(check_rejection(version, version.digest, "drifted"));
  EXPECT_EQ(check_rejection(version, version.digest, " \n").error().reason, "approval.no_reason");
  EXPECT_EQ(check_rejection(version, sha256("other"), "x").error().reason, "approval.digest_mismatch");
}

TEST(ApprovalRules, OnlyStandingApprovalsOfOthersOverTheSameBytesCount) {
  const Version version = candidate();
  auto voided = by("cleo");
  voided.voided_at = WallTime{};
  auto other_bytes = by("dan");
  other_bytes.digest = sha256("other");
  auto other_version = by("eva");
  other_version.version_id = "v2";
  auto rejection = by("finn");
  rejection.decision = Decision::kReject;
  EXPECT_EQ(count_approvals(
                version, std::vector{by("ana"), by("ben"), by("ben"), voided, other_bytes, other_version, rejection}),
            1U);
}

TEST(ApprovalRules, ApprovedVersionNeedsItsApprovalsForEver) {
  Version version = candidate();
  EXPECT_TRUE(check_still_approved(version, {}));
  version.state = VersionState::kApproved;
  version.approvals_required = 2;
  EXPECT_TRUE(check_still_approved(version, std::vector{by("ben"), by("cleo")}));
  EXPECT_EQ(check_still_approved(version, std::vector{by("ben")}).error().reason, "version.approval_broken");
  version.approvals_required = 0;
  EXPECT_EQ(check_still_approved(version, {}).error().code, Code::kDataLoss);
}

}  // namespace
}  // namespace slipway
