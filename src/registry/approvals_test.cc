// The approval workflow through its API, and the same rules against a hand at the database.
#include "registry/registry_test_case.h"

namespace slipway {
namespace {

class ApprovalsTest : public RegistryTestCase {
 protected:
  void SetUp() override {
    RegistryTestCase::SetUp();
    if (database_) make_model();
  }

  std::vector<Approval> all_approvals(const Version& version) {
    auto found = read([&](Transaction& t) { return store_.approvals(t, version.id); });
    EXPECT_TRUE(found);
    return found.value_or(std::vector<Approval>{});
  }
  Result<std::int64_t> raw_approval(const Version& version, std::string principal, const Digest& digest) {
    return raw(
        "INSERT INTO approvals (id, version_id, digest, principal, decision, reason, created_at, voided_at) "
        "VALUES ($1, $2, $3, $4, 'approve', '', 1, NULL)",
        {"raw-" + principal, version.id, digest.hex(), principal});
  }
  Result<std::int64_t> raw_state(const Version& version, std::string state) {
    return raw("UPDATE versions SET state = $2, was_candidate = 1, approvals_required = 1 WHERE id = $1",
               {version.id, state});
  }
};
INSTANTIATE_TEST_SUITE_P(Databases, ApprovalsTest, every_database(), database_name);

// What was done was refused by the database, for this reason.
#define EXPECT_REFUSED(result, why)                                                               \
  do {                                                                                            \
    const auto refused_ = (result);                                                               \
    ASSERT_FALSE(refused_);                                                                       \
    EXPECT_EQ(refused_.error().reason, "sql.constraint");                                         \
    EXPECT_NE(refused_.error().message.find(why), std::string::npos) << refused_.error().message; \
  } while (false)

TEST_P(ApprovalsTest, AnotherPrincipalApproves) {
  const Version candidate = make_candidate("1.0.0");
  EXPECT_EQ(approve(candidate, "ana").error().reason, "approval.by_author");
  const auto outcome = approve(candidate, "ben");
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->version.state, VersionState::kApproved);
  EXPECT_EQ(outcome->version.approvals_required, 1);
  EXPECT_EQ(outcome->approvals, 1);
  EXPECT_EQ(reload(candidate)->state, VersionState::kApproved);
  EXPECT_EQ(approve(candidate, "cleo").error().reason, "approval.not_candidate");
}

TEST_P(ApprovalsTest, ApprovalNamesTheExactDigest) {
  const Version candidate = make_candidate("1.0.0");
  DecisionRequest request = decision(candidate, "ben");
  request.digest = sha256("other bytes");
  EXPECT_EQ(write([&](Transaction& t) { return store_.approve(t, request); }).error().reason,
            "approval.digest_mismatch");
  EXPECT_EQ(reload(candidate)->state, VersionState::kCandidate);
}

TEST_P(ApprovalsTest, AsManyDistinctPrincipalsAsRequired) {
  ASSERT_TRUE(write([&](Transaction& t) { return store_.require_approvals(t, "iris", 2, "admin"); }));
  const Version candidate = make_candidate("1.0.0");
  const auto first = approve(candidate, "ben");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->version.state, VersionState::kCandidate);
  EXPECT_EQ(first->required, 2);
  EXPECT_EQ(approve(candidate, "ben").error().reason, "approval.twice");
  const auto second = approve(candidate, "cleo");
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->version.state, VersionState::kApproved);
  EXPECT_EQ(second->version.approvals_required, 2);
  EXPECT_EQ(write([&](Transaction& t) { return store_.require_approvals(t, "iris", 0, "admin"); }).error().reason,
            "approval.invalid_count");
}

TEST_P(ApprovalsTest, ServerWideNumberHoldsWhereTheModelHasNone) {
  ASSERT_TRUE(
      database_->write([&](Transaction& t) { return store_.set_approvals_required_by_default(t, 2, "admin"); }));
  const Version candidate = make_candidate("1.0.0");
  EXPECT_EQ(approve(candidate, "ben")->version.state, VersionState::kCandidate);
  ASSERT_TRUE(write([&](Transaction& t) { return store_.require_approvals(t, "iris", 1, "admin"); }));
  EXPECT_EQ(approve(candidate, "cleo")->version.state, VersionState::kApproved);
}

TEST_P(ApprovalsTest, RejectionMakesADraftAgainAndVoidsApprovals) {
  ASSERT_TRUE(write([&](Transaction& t) { return store_.require_approvals(t, "iris", 2, "admin"); }));
  const Version candidate = make_candidate("1.0.0");
  ASSERT_TRUE(approve(candidate, "ben"));
  EXPECT_EQ(write([&](Transaction& t) { return store_.reject(t, decision(candidate, "cleo", " ")); }).error().reason,
            "approval.no_reason");
  const auto rejected =
      write([&](Transaction& t) { return store_.reject(t, decision(candidate, "cleo", "drifts on 2018")); });
  ASSERT_TRUE(rejected) << rejected.error().message;
  EXPECT_EQ(rejected->state, VersionState::kDraft);
  EXPECT_EQ(rejected->state_reason, "drifts on 2018");
  const auto approvals = all_approvals(candidate);
  ASSERT_EQ(approvals.size(), 2U);
  EXPECT_EQ(approvals[0].principal, "ben");
  EXPECT_EQ(approvals[0].voided_at, clock_.now());
  EXPECT_EQ(approvals[1].decision, Decision::kReject);
  EXPECT_EQ(approvals[1].reason, "drifts on 2018");

  ASSERT_TRUE(write([&](Transaction& t) { return store_.make_candidate(t, "iris", candidate.semver, "ana"); }));
  EXPECT_EQ(approve(candidate, "dan")->version.state, VersionState::kCandidate) << "the voided approval must not count";
  EXPECT_EQ(approve(candidate, "ben")->version.state, VersionState::kApproved);
}

TEST_P(ApprovalsTest, ChangeOfACandidateVoidsApprovals) {
  ASSERT_TRUE(write([&](Transaction& t) { return store_.require_approvals(t, "iris", 2, "admin"); }));
  const Version candidate = make_candidate("1.0.0");
  ASSERT_TRUE(approve(candidate, "ben"));
  const auto described =
      write([&](Transaction& t) { return store_.describe_version(t, "iris", candidate.semver, "new words", "ana"); });
  ASSERT_TRUE(described) << described.error().message;
  EXPECT_EQ(described->state, VersionState::kCandidate);
  EXPECT_TRUE(all_approvals(candidate).at(0).voided_at);
  EXPECT_EQ(approve(candidate, "cleo")->version.state, VersionState::kCandidate);
}

TEST_P(ApprovalsTest, ApprovedVersionNeverChangesButByRetirement) {
  const Version approved = make_approved("1.0.0");
  EXPECT_EQ(write([&](Transaction& t) { return store_.describe_version(t, "iris", approved.semver, "x", "ana"); })
                .error()
                .reason,
            "version.immutable");
  EXPECT_EQ(
      write([&](Transaction& t) { return store_.make_candidate(t, "iris", approved.semver, "ana"); }).error().reason,
      "version.bad_transition");
  const auto retired =
      write([&](Transaction& t) { return store_.retire(t, "iris", approved.semver, "ana", "superseded"); });
  ASSERT_TRUE(retired);
  EXPECT_EQ(retired->state, VersionState::kRetired);
  EXPECT_EQ(write([&](Transaction& t) { return store_.retire(t, "iris", approved.semver, "ana", ""); }).error().reason,
            "version.bad_transition");
}

TEST_P(ApprovalsTest, DraftWithFailedChecksIsNoCandidate) {
  const NewVersion draft = new_version("1.0.0", "bytes", false);
  const auto version = write([&](Transaction& t) { return store_.create_version(t, draft); });
  ASSERT_TRUE(version);
  EXPECT_EQ(
      write([&](Transaction& t) { return store_.make_candidate(t, "iris", version->semver, "ana"); }).error().reason,
      "version.checks_failed");
  EXPECT_FALSE(raw_state(*version, "candidate"));
}

TEST_P(ApprovalsTest, DatabaseRefusesApprovalByTheAuthor) {
  const Version candidate = make_candidate("1.0.0");
  EXPECT_REFUSED(raw_approval(candidate, "ana", candidate.digest), "approval.by_author");
  EXPECT_TRUE(raw_approval(candidate, "ben", candidate.digest));
}

TEST_P(ApprovalsTest, DatabaseRefusesApprovalOverAnotherDigestOrOfADraft) {
  const Version candidate = make_candidate("1.0.0");
  EXPECT_REFUSED(raw_approval(candidate, "ben", sha256("other")), "approval.digest_mismatch");
  EXPECT_REFUSED(raw_approval(make_draft("1.1.0"), "ben", candidate.digest), "approval.not_candidate");
}

TEST_P(ApprovalsTest, DatabaseRefusesEveryOtherMove) {
  const auto expect_only = [&](const Version& version, std::vector<std::string> refused) {
    for (const std::string& state : refused) {
      EXPECT_REFUSED(raw_state(version, state), state == "approved" && version.state == VersionState::kCandidate
                                                    ? "approval.not_enough"
                                                    : "version.bad_transition");
    }
  };
  expect_only(make_draft("1.0.0"), {"approved"});
  expect_only(make_candidate("1.1.0"), {"approved"});
  const Version approved = make_approved("1.2.0");
  expect_only(approved, {"draft", "candidate"});
  ASSERT_TRUE(write([&](Transaction& t) { return store_.retire(t, "iris", approved.semver, "ana", ""); }));
  expect_only(approved, {"draft", "candidate", "approved"});
  EXPECT_FALSE(raw_state(make_draft("1.3.0"), "blessed"));
}

TEST_P(ApprovalsTest, DatabaseCountsApprovalsItself) {
  ASSERT_TRUE(write([&](Transaction& t) { return store_.require_approvals(t, "iris", 2, "admin"); }));
  const Version candidate = make_candidate("1.0.0");
  ASSERT_TRUE(raw_approval(candidate, "ben", candidate.digest));
  EXPECT_REFUSED(raw("UPDATE versions SET state = 'approved', approvals_required = 2 WHERE id = $1", {candidate.id}),
                 "approval.not_enough");
  EXPECT_REFUSED(raw("UPDATE versions SET state = 'approved', approvals_required = 1 WHERE id = $1", {candidate.id}),
                 "approval.not_enough");
  const auto twice =
      raw("INSERT INTO approvals (id, version_id, digest, principal, decision, reason, created_at, voided_at) "
          "VALUES ('raw-again', $1, $2, 'ben', 'approve', '', 1, NULL)",
          {candidate.id, candidate.digest.hex()});
  EXPECT_FALSE(twice);
  ASSERT_TRUE(raw_approval(candidate, "cleo", candidate.digest));
  EXPECT_REFUSED(raw("UPDATE versions SET state = 'approved', approvals_required = 2, description = 'x' WHERE id = $1",
                     {candidate.id}),
                 "approval.not_enough");
  EXPECT_TRUE(raw("UPDATE versions SET state = 'approved', approvals_required = 2 WHERE id = $1", {candidate.id}));
  EXPECT_TRUE(reload(candidate));
}

TEST_P(ApprovalsTest, DatabaseKeepsWhatAVersionIs) {
  const Version candidate = make_candidate("1.0.0");
  const Digest other = index(bundle_of("other"));
  EXPECT_REFUSED(raw("UPDATE versions SET digest = $2 WHERE id = $1", {candidate.id, other.hex()}),
                 "version.immutable");
  for (const char* const change :
       {"author = 'ben'", "semver = '9.0.0'", "number = 9", "id = 'x'", "was_candidate = 0", "created_at = 0"}) {
    const auto changed = raw("UPDATE versions SET " + std::string(change) + " WHERE id = $1", {candidate.id});
    EXPECT_FALSE(changed) << change;
  }
  EXPECT_REFUSED(raw("DELETE FROM versions WHERE id = $1", {candidate.id}), "version.taken");
  EXPECT_REFUSED(raw("UPDATE versions SET digest = $2 WHERE id = $1", {make_draft("1.1.0").id, other.hex()}),
                 "version.immutable");
  const Version approved = make_approved("1.2.0");
  EXPECT_REFUSED(raw("UPDATE versions SET description = 'x' WHERE id = $1", {approved.id}), "version.immutable");
  EXPECT_REFUSED(raw("UPDATE versions SET test_report = 'x' WHERE id = $1", {approved.id}), "version.immutable");
}

TEST_P(ApprovalsTest, DatabaseBeginsVersionsAsDrafts) {
  const Version approved = make_approved("1.0.0");
  const std::string copy =
      "INSERT INTO versions (id, model, number, semver, semver_key, state, was_candidate, state_reason, digest, "
      "author, description, "
      "checks_passed, probe_report, test_report, contract_digest, approvals_required, created_at, updated_at) "
      "SELECT 'raw', model, 99, '9.9.9', $2, state, was_candidate, '', digest, author, '', 1, '', '', '', "
      "approvals_required, 1, 1 "
      "FROM versions WHERE id = $1";
  EXPECT_REFUSED(raw(copy, {approved.id, sort_key(SemVer{9, 9, 9, ""})}), "version.not_draft");
}

TEST_P(ApprovalsTest, DatabaseKeepsApprovalsAndEvents) {
  ASSERT_TRUE(write([&](Transaction& t) { return store_.require_approvals(t, "iris", 3, "admin"); }));
  const Version candidate = make_candidate("1.0.0");
  ASSERT_TRUE(approve(candidate, "ben"));
  EXPECT_REFUSED(raw("DELETE FROM approvals"), "approval.immutable");
  EXPECT_REFUSED(raw("UPDATE approvals SET principal = 'cleo'"), "approval.immutable");
  EXPECT_REFUSED(raw("UPDATE approvals SET digest = $1", {sha256("x").hex()}), "approval.immutable");
  EXPECT_TRUE(raw("UPDATE approvals SET voided_at = 7"));
  EXPECT_REFUSED(raw("UPDATE approvals SET voided_at = NULL"), "approval.immutable");
  EXPECT_REFUSED(raw("UPDATE registry_events SET principal = 'x'"), "event.immutable");
  EXPECT_REFUSED(raw("DELETE FROM registry_events"), "event.immutable");
}

// Only SQLite has INSERT OR REPLACE.
class SqliteApprovalsTest : public ApprovalsTest {};
INSTANTIATE_TEST_SUITE_P(Databases, SqliteApprovalsTest, testing::Values(DatabaseKind::kSqliteFile), database_name);

TEST_P(SqliteApprovalsTest, ReplacingRowsDoesNotPassTheTriggers) {
  const Version approved = make_approved("1.0.0");
  const std::string columns =
      "(id, model, number, semver, semver_key, state, was_candidate, state_reason, digest, author, description, "
      "checks_passed, "
      "probe_report, test_report, contract_digest, approvals_required, created_at, updated_at) ";
  const std::string fresh = "'draft', 0, '', digest, 'eve', '', 1, '', '', '', 0, 1, 1 FROM versions WHERE id = $1";
  EXPECT_REFUSED(
      raw("INSERT OR REPLACE INTO versions " + columns + "SELECT id, model, number, semver, semver_key, " + fresh,
          {approved.id}),
      "version.taken");
  EXPECT_REFUSED(
      raw("INSERT OR REPLACE INTO versions " + columns + "SELECT 'x', model, 99, semver, semver_key, " + fresh,
          {approved.id}),
      "version.taken");
  const Version candidate = make_candidate("2.0.0");
  ASSERT_TRUE(raw_approval(candidate, "ben", candidate.digest));
  EXPECT_REFUSED(raw("INSERT OR REPLACE INTO approvals SELECT id, version_id, digest, 'cleo', decision, reason, "
                     "created_at, NULL FROM approvals "
                     "WHERE version_id = $1",
                     {candidate.id}),
                 "approval.immutable");
}

TEST_P(ApprovalsTest, BrokenApprovalIsNoticedWhenTheVersionIsRead) {
  const Version approved = make_approved("1.0.0");
  ASSERT_TRUE(reload(approved));
  ASSERT_TRUE(raw("UPDATE approvals SET voided_at = 7 WHERE version_id = $1", {approved.id}));
  const auto read_back = reload(approved);
  ASSERT_FALSE(read_back);
  EXPECT_EQ(read_back.error().reason, "version.approval_broken");
  EXPECT_EQ(read([&](Transaction& t) { return store_.resolve(t, "iris"); }).error().reason, "version.approval_broken");
  EXPECT_TRUE(write([&](Transaction& t) { return store_.retire(t, "iris", approved.semver, "ana", "altered"); }));
}

}  // namespace
}  // namespace slipway
