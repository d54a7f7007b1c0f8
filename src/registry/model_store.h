// Models, versions, approvals and their history, in SQL.
//
// Every function works inside the caller's transaction (registry/transact.h), so that a decision and what goes with it
// commit together. Stateless but for its clock and randomness: shared by all threads. The rules are those of
// registry/approval_rules.h; the database enforces them again.
//
// Errors: not_found "model.not_found", "version.not_found"; already_exists "model.taken", "version.taken";
// invalid_argument "model.invalid_name", "registry.invalid_text", "page.*"; those of approval_rules.h; those of
// storage/sql.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "registry/model.h"
#include "registry/page.h"
#include "storage/sql.h"

namespace slipway {

// What a registration (registry/registration.h) took before its version is made.
struct ReservedVersion {
  std::string id;
  std::int64_t number = 0;
};

struct NewVersion {
  std::string model;
  SemVer semver;
  Digest digest;  // of a bundle that BundleIndex knows
  std::string author;
  std::string description;
  bool checks_passed = false;
  std::string probe_report;
  std::string test_report;
  std::string contract_digest;
  std::string state_reason;                 // why it stays a draft, "" otherwise
  std::optional<ReservedVersion> reserved;  // null: the model's next number
};

// A decision over exactly these bytes: `digest` is what the principal saw.
struct DecisionRequest {
  std::string model;
  SemVer semver;
  Digest digest;
  std::string principal;
  std::string reason;  // mandatory for a rejection
};

struct ApprovalOutcome {
  Version version;  // approved if that was the last approval required
  std::int64_t approvals = 0;
  std::int64_t required = 0;
};

class ModelStore {
 public:
  explicit ModelStore(const Clock& clock = system_clock(), Random& random = system_random())
      : clock_(&clock), random_(&random) {}

  // Also where it is hidden: it keeps its numbers.
  Result<Model> create_model(Transaction& t, std::string_view name, std::string_view description,
                             std::string_view principal) const;
  Result<Model> model(Transaction& t, std::string_view name) const;
  // failed_precondition "model.has_versions": versions, approvals and records name their model.
  Result<Model> rename_model(Transaction& t, std::string_view name, std::string_view new_name,
                             std::string_view principal) const;
  // With its tags; what is left of it is for the versions that it has.
  Status hide_model(Transaction& t, std::string_view name, std::string_view principal) const;
  Result<Page<Model>> models(Transaction& t, const PageRequest& page) const;  // by name
  Result<Model> describe_model(Transaction& t, std::string_view name, std::string_view description,
                               std::string_view principal) const;
  // Null: as the server's setting. Versions approved before keep their state.
  Result<Model> require_approvals(Transaction& t, std::string_view name, std::optional<std::int64_t> count,
                                  std::string_view principal) const;
  Result<std::int64_t> approvals_required_by_default(Transaction& t) const;
  Status set_approvals_required_by_default(Transaction& t, std::int64_t count, std::string_view principal) const;

  // As a draft; takes the place of the same author's draft of that semantic version that never was a candidate.
  Result<Version> create_version(Transaction& t, const NewVersion& version) const;
  Result<Version> version(Transaction& t, std::string_view model, const SemVer& semver) const;
  Result<Version> version_by_number(Transaction& t, std::string_view model, std::int64_t number) const;
  Result<Version> version_by_id(Transaction& t, std::string_view id) const;
  // Newest semantic version first.
  Result<Page<Version>> versions(Transaction& t, std::string_view model, std::optional<VersionState> state,
                                 const PageRequest& page) const;
  // Of all models, in the order they were created: what waits for approval.
  Result<Page<Version>> versions_in_state(Transaction& t, VersionState state, const PageRequest& page) const;
  Result<Version> describe_version(Transaction& t, std::string_view model, const SemVer& semver,
                                   std::string_view description, std::string_view principal) const;
  // A draft that never was a candidate. failed_precondition "version.immutable" otherwise.
  Status delete_draft(Transaction& t, const Version& version, std::string_view principal) const;
  // The minor version after the newest release, 1.0.0 for the first.
  Result<SemVer> next_minor(Transaction& t, std::string_view model) const;
  // The greatest approved version that the reference means: "iris", "iris@^1.2". failed_precondition
  // "version.not_approved" where an exact version exists but is not approved.
  Result<Version> resolve(Transaction& t, std::string_view reference) const;

  Result<Version> make_candidate(Transaction& t, std::string_view model, const SemVer& semver,
                                 std::string_view principal) const;
  Result<ApprovalOutcome> approve(Transaction& t, const DecisionRequest& request) const;
  Result<Version> reject(Transaction& t, const DecisionRequest& request) const;
  Result<Version> retire(Transaction& t, std::string_view model, const SemVer& semver, std::string_view principal,
                         std::string_view reason) const;

  // All of them, voided ones too, oldest first.
  Result<std::vector<Approval>> approvals(Transaction& t, std::string_view version_id) const;
  // Oldest first.
  Result<Page<RegistryEvent>> events(Transaction& t, std::string_view model, const PageRequest& page) const;

 private:
  std::int64_t now() const noexcept { return clock_->now().time_since_epoch().count(); }
  std::string make_id() const;
  Result<ReservedVersion> reserve(Transaction& t, const NewVersion& version) const;
  Status record(Transaction& t, std::string_view model, std::string_view version_id, std::string_view kind,
                std::string_view principal, std::string detail) const;
  Status move(Transaction& t, Version& version, VersionState to, std::string_view reason) const;
  Result<Version> stored_version(Transaction& t, std::string_view model, const SemVer& semver) const;
  Result<Version> checked(Transaction& t, Result<Version> version) const;
  Result<std::int64_t> required_for(Transaction& t, std::string_view model) const;

  const Clock* clock_;
  Random* random_;
};

}  // namespace slipway
