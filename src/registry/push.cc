#include "registry/push.h"

#include "lineage/lineage_store.h"
#include "lineage/report.h"
#include "outbox/events.h"
#include "registry/bundle_index.h"
#include "registry/transact.h"

namespace slipway {

// The candidate that the same push made before; an error where the name is taken by something else. Asked first, so
// that nobody waits for checks in vain, and again by the transaction that creates the version.
Result<std::optional<Version>> Push::find_earlier(Transaction& t, const PushRequest& request,
                                                  const Digest& bundle) const {
  if (request.reserved) {
    auto made = models_->version_by_id(t, request.reserved->id);
    if (made) return std::optional(*std::move(made));
    if (made.error().code != Code::kNotFound) return fail(made.error());
  }
  if (!request.semver) return std::optional<Version>();
  auto found = models_->version(t, request.model, *request.semver);
  if (!found && found.error().code == Code::kNotFound) return std::optional<Version>();
  if (!found) return fail(found.error());
  if (!request.reserved && found->digest == bundle && found->author == request.author && found->was_candidate)
    return std::optional(*std::move(found));
  if (!found->was_candidate && found->state == VersionState::kDraft && found->author == request.author)
    return std::optional<Version>();
  return fail(Code::kAlreadyExists, "version.taken",
              request.model + '@' + request.semver->to_string() + " was pushed by " + found->author +
                  " with the digest " + found->digest.hex() + "; push under another version");
}

Status Push::tell_registered(Transaction& t, const Version& version, const PushRequest& request, bool is_valid) const {
  if (!request.reserved) {  // of a registration the webhooks were told when it was made
    const std::string number = std::to_string(version.number);
    const std::string source = "models:/" + version.model + '/' + number;
    SLIPWAY_CHECK(
        emit(t, ModelVersionCreated{version.model, number, source, request.run, {}, version.description}, *clock_));
  }
  const LineageNode node = LineageNode::model_version(version.model, version.semver.to_string(), version.digest.hex());
  if (!request.run.empty()) {
    SLIPWAY_CHECK(LineageStore().run_produced_version(t, request.run, node, clock_->now()));
  }
  return report_registered(t, node, is_valid, clock_->now());
}

Result<PushOutcome> Push::create(Transaction& t, const PushRequest& request, const Digest& bundle,
                                 const CheckOutcome& checks) const {
  SLIPWAY_TRY(const std::optional<Version> earlier, find_earlier(t, request, bundle));
  if (earlier) return PushOutcome{*earlier, false};  // the same push ran beside this one

  const auto model = models_->model(t, request.model);
  if (!model && model.error().code != Code::kNotFound) return fail(model.error());
  if (!model) {
    SLIPWAY_CHECK(models_->create_model(t, request.model, "", request.author));
    SLIPWAY_CHECK(emit(t, RegisteredModelCreated{request.model, {}, ""}, *clock_));
  }
  NewVersion version;
  version.model = request.model;
  if (request.semver) {
    version.semver = *request.semver;
  } else {
    SLIPWAY_TRY(version.semver, models_->next_minor(t, request.model));
  }
  version.digest = bundle;
  version.author = request.author;
  version.description = request.description;
  version.checks_passed = checks.is_passed;
  version.probe_report = checks.probe_report;
  version.test_report = checks.test_report;
  version.contract_digest = checks.contract_digest;
  version.state_reason = request.not_servable;
  version.reserved = request.reserved;
  SLIPWAY_TRY(const Version draft, models_->create_version(t, version));
  SLIPWAY_CHECK(tell_registered(t, draft, request, checks.is_passed));
  if (!checks.is_passed) return PushOutcome{draft, true};
  SLIPWAY_TRY(const Version candidate, models_->make_candidate(t, draft.model, draft.semver, request.author));
  return PushOutcome{candidate, true};
}

Result<PushOutcome> Push::run(const PushRequest& request) const {
  SLIPWAY_CHECK(check_model_name(request.model));
  const Digest bundle = bundle_digest(request.manifest);
  SLIPWAY_TRY(const std::optional<Version> earlier,
              in_read(*database_, [&](Transaction& t) { return find_earlier(t, request, bundle); }));
  if (earlier) return PushOutcome{*earlier, false};
  SLIPWAY_CHECK(database_->write([&](Transaction& t) { return index_bundle(t, request.manifest, *clock_); }));
  SLIPWAY_CHECK(bundles_->put_manifest(request.manifest));
  CheckOutcome checks{.is_passed = false, .probe_report = "", .test_report = "", .contract_digest = ""};
  if (request.not_servable.empty()) {
    SLIPWAY_TRY(checks, checker_(request.manifest, bundle));
  }
  return in_write(*database_, [&](Transaction& t) { return create(t, request, bundle, checks); });
}

}  // namespace slipway
