// Registers a version: from files that are in the store to a candidate, or a draft whose checks failed, or nothing.
//
//   1 the bundle is indexed (its files stay from here on), its files are complete, its manifest is stored;
//   2 the checker looks at the model: an error refuses the push, and no version and no new model come of it;
//     (one that no runtime takes is not looked at)
//   3 one transaction creates the model where it is new, and the version: a candidate if the checks passed, else a
//   draft
//     that carries their report.
// What a refused or broken push left in the store goes with registry/garbage.h. The same push again, or at the same
// time, gives the same candidate: clients retry.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "registry/bundle_store.h"
#include "registry/model_store.h"

namespace slipway {

struct CheckOutcome {
  bool is_passed = true;        // false: the model is sound, but its test suite fails
  std::string probe_report;     // JSON
  std::string test_report;      // JSON, "" without a test suite
  std::string contract_digest;  // hexadecimal, "" without a contract
};

// Inspects, probes, binds the contract and runs the test suite; acts outside the database. An error: no acceptable
// model.
using ModelChecker = std::function<Result<CheckOutcome>(const Manifest& manifest, const Digest& bundle)>;

struct PushRequest {
  std::string model;
  std::optional<SemVer> semver;  // null: the minor version after the newest
  Manifest manifest;             // of make_manifest or parse_manifest
  std::string author;
  std::string description;                  // of the version
  std::string run;                          // that it came of, for the lineage; "" where nobody says
  std::string not_servable;                 // why no runtime takes it: kept as a draft, without checks; "" otherwise
  std::optional<ReservedVersion> reserved;  // of a registration
};

struct PushOutcome {
  Version version;
  bool is_new = true;  // false: this very push was done before
};

class Push {
 public:
  // All of them outlive the push. One object may be used by several threads.
  Push(Database& database, const BundleStore& bundles, const ModelStore& models, const Clock& clock,
       ModelChecker checker)
      : database_(&database), bundles_(&bundles), models_(&models), clock_(&clock), checker_(std::move(checker)) {}

  // Errors: those of bundle_store.h, model_store.h and bundle_index.h, and the checker's own.
  Result<PushOutcome> run(const PushRequest& request) const;

 private:
  Result<std::optional<Version>> find_earlier(Transaction& t, const PushRequest& request, const Digest& bundle) const;
  Status tell_registered(Transaction& t, const Version& version, const PushRequest& request, bool is_valid) const;
  Result<PushOutcome> create(Transaction& t, const PushRequest& request, const Digest& bundle,
                             const CheckOutcome& checks) const;

  Database* database_;
  const BundleStore* bundles_;
  const ModelStore* models_;
  const Clock* clock_;
  ModelChecker checker_;
};

}  // namespace slipway
