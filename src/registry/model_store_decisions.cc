#include "base/bytes.h"
#include "base/json_writer.h"
#include "lineage/report.h"
#include "outbox/events.h"
#include "registry/approval_rules.h"
#include "registry/model_rows.h"
#include "registry/model_store.h"

namespace slipway {
namespace {

constexpr std::size_t kReasonMax = 4 << 10;

std::string decision_detail(const Digest& digest, std::string_view reason) {
  std::string detail;
  JsonWriter(detail).begin_object().key("digest").value(digest.hex()).key("reason").value(reason).end_object();
  return detail;
}

Status check_request(std::string_view principal, std::string_view reason) {
  SLIPWAY_CHECK(check_principal(principal));
  return check_text("reason", reason, kReasonMax);
}

ModelVersionDecision told(ModelVersionDecision::Kind kind, const Version& version, std::string_view principal,
                          std::string_view reason) {
  return {kind,
          version.model,
          std::to_string(version.number),
          version.semver.to_string(),
          version.digest.hex(),
          std::string(principal),
          std::string(reason)};
}

using Told = ModelVersionDecision::Kind;

}  // namespace

Result<std::vector<Approval>> ModelStore::approvals(Transaction& t, std::string_view version_id) const {
  static const std::string kSql = select(kApprovalColumns, "FROM approvals WHERE version_id = $1 ORDER BY id");
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {std::string(version_id)}));
  std::vector<Approval> found;
  for (const Row& row : rows) {
    SLIPWAY_TRY(found.emplace_back(), read_approval(row));
  }
  return found;
}

// Writes the new state and reads the version back. To approved: with the count that was required.
Status ModelStore::move(Transaction& t, Version& version, VersionState to, std::string_view reason) const {
  SLIPWAY_CHECK(check_move(version, to));
  std::int64_t required = version.approvals_required;
  if (to == VersionState::kApproved) {
    SLIPWAY_TRY(required, required_for(t, version.model));
  }
  const bool was_candidate = version.was_candidate || to == VersionState::kCandidate;
  SLIPWAY_CHECK(t.execute(
      "UPDATE versions SET state = $2, was_candidate = $3, state_reason = $4, approvals_required = $5, "
      "updated_at = $6 WHERE id = $1",
      {version.id, std::string(to_string(to)), std::int64_t{was_candidate}, std::string(reason), required, now()}));
  SLIPWAY_TRY(version, version_by_id(t, version.id));
  return {};
}

Result<Version> ModelStore::make_candidate(Transaction& t, std::string_view model, const SemVer& semver,
                                           std::string_view principal) const {
  SLIPWAY_CHECK(check_principal(principal));
  SLIPWAY_TRY(Version version, this->version(t, model, semver));
  SLIPWAY_CHECK(move(t, version, VersionState::kCandidate, ""));
  SLIPWAY_CHECK(record(t, model, version.id, "version.candidate", principal, decision_detail(version.digest, "")));
  SLIPWAY_CHECK(emit(t, told(Told::kApprovalRequested, version, principal, ""), *clock_, *random_));
  return version;
}

Result<ApprovalOutcome> ModelStore::approve(Transaction& t, const DecisionRequest& request) const {
  SLIPWAY_CHECK(check_request(request.principal, request.reason));
  ApprovalOutcome outcome;
  SLIPWAY_TRY(outcome.version, version(t, request.model, request.semver));
  SLIPWAY_TRY(const std::vector<Approval> before, approvals(t, outcome.version.id));
  SLIPWAY_CHECK(check_approval(outcome.version, request.digest, request.principal, before));
  SLIPWAY_CHECK(
      t.execute("INSERT INTO approvals (id, version_id, digest, principal, decision, reason, created_at, voided_at) "
                "VALUES ($1, $2, $3, $4, 'approve', $5, $6, NULL)",
                {make_id(), outcome.version.id, request.digest.hex(), request.principal, request.reason, now()}));
  SLIPWAY_CHECK(record(t, request.model, outcome.version.id, "version.approval", request.principal,
                       decision_detail(request.digest, request.reason)));
  SLIPWAY_TRY(const std::vector<Approval> after, approvals(t, outcome.version.id));
  outcome.approvals = static_cast<std::int64_t>(count_approvals(outcome.version, after));
  SLIPWAY_TRY(outcome.required, required_for(t, request.model));
  if (outcome.approvals < outcome.required) return outcome;
  SLIPWAY_CHECK(move(t, outcome.version, VersionState::kApproved, request.reason));
  SLIPWAY_CHECK(record(t, request.model, outcome.version.id, "version.approved", request.principal,
                       decision_detail(request.digest, request.reason)));
  SLIPWAY_CHECK(emit(t, told(Told::kApproved, outcome.version, request.principal, request.reason), *clock_, *random_));
  const Version& approved = outcome.version;
  SLIPWAY_CHECK(
      report_released(t, LineageNode::model_version(approved.model, approved.semver.to_string(), approved.digest.hex()),
                      clock_->now(), *random_));
  return outcome;
}

Result<Version> ModelStore::reject(Transaction& t, const DecisionRequest& request) const {
  SLIPWAY_CHECK(check_request(request.principal, request.reason));
  SLIPWAY_TRY(Version version, this->version(t, request.model, request.semver));
  SLIPWAY_CHECK(check_rejection(version, request.digest, request.reason));
  SLIPWAY_CHECK(
      t.execute("INSERT INTO approvals (id, version_id, digest, principal, decision, reason, created_at, voided_at) "
                "VALUES ($1, $2, $3, $4, 'reject', $5, $6, NULL)",
                {make_id(), version.id, request.digest.hex(), request.principal, request.reason, now()}));
  SLIPWAY_CHECK(move(t, version, VersionState::kDraft, request.reason));  // its trigger voids the approvals
  SLIPWAY_CHECK(record(t, request.model, version.id, "version.rejected", request.principal,
                       decision_detail(request.digest, request.reason)));
  SLIPWAY_CHECK(emit(t, told(Told::kRejected, version, request.principal, request.reason), *clock_, *random_));
  return version;
}

Result<Version> ModelStore::retire(Transaction& t, std::string_view model, const SemVer& semver,
                                   std::string_view principal, std::string_view reason) const {
  SLIPWAY_CHECK(check_request(principal, reason));
  SLIPWAY_TRY(Version version, stored_version(t, model, semver));  // also one whose approvals were broken
  SLIPWAY_CHECK(move(t, version, VersionState::kRetired, reason));
  SLIPWAY_CHECK(record(t, model, version.id, "version.retired", principal, decision_detail(version.digest, reason)));
  SLIPWAY_CHECK(emit(t, told(Told::kRetired, version, principal, reason), *clock_, *random_));
  return version;
}

}  // namespace slipway
