#include "app/approved_versions.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "base/log.h"
#include "registry/approval_rules.h"
#include "registry/label_store.h"
#include "registry/transact.h"

namespace slipway {
namespace {

bool answers_before(const ApprovedVersion& a, const ApprovedVersion& b) {
  const SemVer& first = a.version.semver;
  const SemVer& second = b.version.semver;
  if (first.is_prerelease() != second.is_prerelease()) return second.is_prerelease();
  return first > second;
}

Result<std::vector<ApprovedVersion>> read_versions(Transaction& t, const ModelStore& models,
                                                   const std::map<std::string, ServingWish>& wishes) {
  std::vector<ApprovedVersion> all;
  PageRequest request{.limit = kPageLimitMax, .token = ""};
  do {
    SLIPWAY_TRY(Page<Version> page, models.versions_in_state(t, VersionState::kApproved, request));
    for (Version& version : page.items) {
      SLIPWAY_TRY(const auto approvals, models.approvals(t, version.id));
      if (const Status stands = check_still_approved(version, approvals); !stands) {
        log::error("version.approval_broken", {{"model", version.model}, {"message", stands.error().message}});
        continue;
      }
      const auto wish = wishes.find(version.id);
      all.push_back({std::move(version), wish == wishes.end() ? ServingWish::kServed : wish->second});
    }
    request.token = page.next_token;
  } while (!request.token.empty());
  std::sort(all.begin(), all.end(), answers_before);
  return all;
}

std::optional<std::int64_t> as_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

Result<Version> find_named(Transaction& t, const ModelStore& models, std::string_view model, std::string_view name) {
  if (const auto number = as_number(name)) return models.version_by_number(t, model, *number);
  if (const auto semver = SemVer::parse(name)) return models.version(t, model, *semver);
  SLIPWAY_TRY(const ModelAlias alias, LabelStore().alias(t, model, name));
  return models.version_by_number(t, model, alias.number);
}

}  // namespace

Result<ApprovedVersions> read_approved(Database& database, const ModelStore& models, const ServingWishes& wishes) {
  return in_read(database, [&](Transaction& t) -> Result<ApprovedVersions> {
    ApprovedVersions approved;
    SLIPWAY_TRY(const auto wanted, wishes.all(t));
    SLIPWAY_TRY(approved.versions, read_versions(t, models, wanted));
    SLIPWAY_TRY(const auto rows, t.query("SELECT model, alias, registration_id FROM model_aliases", {}));
    for (const Row& row : rows) approved.labels[row.text(0)][row.text(1)] = row.text(2);
    SLIPWAY_TRY(approved.policies, PolicyStore(system_clock()).all(t));
    return approved;
  });
}

Result<std::vector<Version>> find_approved(Transaction& t, const ModelStore& models, std::string_view model,
                                           std::string_view version) {
  std::vector<Version> found;
  if (!version.empty()) {
    SLIPWAY_TRY(Version named, find_named(t, models, model, version));
    found.push_back(std::move(named));
  } else {
    PageRequest request{.limit = kPageLimitMax, .token = ""};
    do {
      SLIPWAY_TRY(Page<Version> page, models.versions(t, model, VersionState::kApproved, request));
      std::move(page.items.begin(), page.items.end(), std::back_inserter(found));
      request.token = page.next_token;
    } while (!request.token.empty());
  }
  if (found.empty() || found.front().state != VersionState::kApproved) {
    return fail(Code::kFailedPrecondition, "version.not_approved",
                (version.empty() ? "model " + quoted(model) + " has no approved version"
                                 : "version " + quoted(version) + " of model " + quoted(model) + " is not approved") +
                    "; only approved versions are served");
  }
  return found;
}

}  // namespace slipway
