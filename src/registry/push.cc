#include "registry/push.h"

#include "registry/bundle_index.h"
#include "registry/transact.h"

namespace slipway {

// The candidate that the same push made before; an error where the name is taken by something else, so that nobody
// waits for checks in vain. The transaction that creates the version decides again.
Result<std::optional<Version>> Push::find_earlier(const PushRequest& request, const Digest& bundle) const {
  if (request.reserved) {
    auto made = in_read(*database_, [&](Transaction& t) { return models_->version_by_id(t, request.reserved->id); });
    if (made) return std::optional(*std::move(made));
    if (made.error().code != Code::kNotFound) return fail(made.error());
  }
  if (!request.semver) return std::optional<Version>();
  auto found = in_read(*database_, [&](Transaction& t) { return models_->version(t, request.model, *request.semver); });
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

Result<Version> Push::create(Transaction& t, const PushRequest& request, const Digest& bundle,
                             const CheckOutcome& checks) const {
  const auto model = models_->model(t, request.model);
  if (!model && model.error().code != Code::kNotFound) return fail(model.error());
  if (!model) SLIPWAY_CHECK(models_->create_model(t, request.model, "", request.author));
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
  if (!checks.is_passed) return draft;
  return models_->make_candidate(t, draft.model, draft.semver, request.author);
}

Result<PushOutcome> Push::run(const PushRequest& request) const {
  SLIPWAY_CHECK(check_model_name(request.model));
  const Digest bundle = bundle_digest(request.manifest);
  SLIPWAY_TRY(const std::optional<Version> earlier, find_earlier(request, bundle));
  if (earlier) return PushOutcome{*earlier, false};
  SLIPWAY_CHECK(database_->write([&](Transaction& t) { return index_bundle(t, request.manifest, *clock_); }));
  SLIPWAY_CHECK(bundles_->put_manifest(request.manifest));
  CheckOutcome checks{.is_passed = false, .probe_report = "", .test_report = "", .contract_digest = ""};
  if (request.not_servable.empty()) {
    SLIPWAY_TRY(checks, checker_(request.manifest, bundle));
  }
  SLIPWAY_TRY(const Version version,
              in_write(*database_, [&](Transaction& t) { return create(t, request, bundle, checks); }));
  return PushOutcome{version, true};
}

}  // namespace slipway
