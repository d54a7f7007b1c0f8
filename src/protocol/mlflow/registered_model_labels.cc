#include <algorithm>

#include "access/authorize.h"
#include "base/bytes.h"
#include "outbox/events.h"
#include "protocol/mlflow/registry_common.h"
#include "registry/label_rules.h"
#include "registry/transact.h"

namespace slipway::mlflow {
namespace {

constexpr std::size_t kStagesMax = 100;

Result<std::string> set_tag(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kRegister));
  Label tag;
  SLIPWAY_TRY(tag.key, arguments.require_text("key"));
  SLIPWAY_TRY(tag.value, arguments.text("value"));
  SLIPWAY_CHECK(check_model_tag(tag.key));
  return write(parts, [&](Transaction& t) -> Status {
    SLIPWAY_CHECK(find_model(parts, t, name));
    return LabelStore().set_model_tags(t, name, std::span(&tag, 1));
  });
}

Result<std::string> delete_tag(const RegistryRouteParts& parts, const Arguments& arguments,
                               const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kRegister));
  SLIPWAY_TRY(const std::string key, arguments.require_text("key"));
  SLIPWAY_CHECK(check_model_tag(key));
  return write(parts, [&](Transaction& t) -> Status {
    SLIPWAY_CHECK(find_model(parts, t, name));
    return LabelStore().delete_model_tag(t, name, key);
  });
}

// Of stages, semantic versions and ranges: the client of models:/NAME/1.2.3 takes what it does not know for a stage.
Result<std::string> latest_versions(const RegistryRouteParts& parts, const Arguments& arguments,
                                    const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kReadMetadata));
  SLIPWAY_TRY(const std::vector<std::string> wanted, arguments.texts("stages", kStagesMax));
  return in_read(parts.database, [&](Transaction& t) -> Result<std::string> {
    SLIPWAY_CHECK(find_model(parts, t, name));
    std::vector<std::string> stages;
    std::vector<Registration> found;
    for (const std::string& text : wanted) {
      if (const auto stage = parse_stage(text)) {
        stages.emplace_back(*stage);
        continue;
      }
      SLIPWAY_TRY(auto version, find_by_semver(parts, t, name, text));
      if (!version) {
        return fail(Code::kInvalidArgument, "request.invalid",
                    "Invalid Model Version stage: " + slipway::quoted(text) +
                        ". Value must be one of None, Staging, Production, Archived, a semantic version or a range.");
      }
      found.push_back(*std::move(version));
    }
    if (wanted.empty() || !stages.empty()) {
      SLIPWAY_TRY(std::vector<Registration> latest, RegistrationStore().latest(t, name, stages));
      std::move(latest.begin(), latest.end(), std::back_inserter(found));
    }
    SLIPWAY_TRY(const std::vector<VersionView> views, load_views(t, parts.models, std::move(found)));
    return versions_json(views, "");
  });
}

Result<std::string> get_alias(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kReadMetadata));
  SLIPWAY_TRY(const std::string alias, arguments.require_text("alias"));
  return in_read(parts.database, [&](Transaction& t) -> Result<std::string> {
    SLIPWAY_CHECK(find_model(parts, t, name));
    const RegistrationStore registrations;
    std::optional<Registration> registration;
    if (const auto found = LabelStore().alias(t, name, alias)) {
      SLIPWAY_TRY(registration, registrations.get(t, name, found->number));
    } else if (found.error().code != Code::kNotFound) {
      return fail(found.error());
    } else {
      SLIPWAY_TRY(registration, find_by_semver(parts, t, name, alias));
      // MLflow's code for it is not that of other things that do not exist.
      if (!registration) return fail(Code::kInvalidArgument, "alias.not_found", found.error().message);
    }
    SLIPWAY_TRY(const VersionView view, load_view(t, parts.models, *std::move(registration)));
    return version_json(view);
  });
}

Result<std::string> set_alias(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kReadMetadata));
  SLIPWAY_CHECK(authorize_change(*request.principal, name));
  SLIPWAY_TRY(const std::string alias, arguments.require_text("alias"));
  SLIPWAY_TRY(const std::int64_t number, number_of(arguments));
  const auto move = [&](DecisionSubject& subject) {
    subject.model = name;
    subject.version = std::to_string(number);
    return in_write(parts.database, [&](Transaction& t) -> Result<std::string> {
      SLIPWAY_CHECK(find_model(parts, t, name));
      SLIPWAY_TRY(const Registration registration, find_registration(parts, t, name, number));
      if (is_reserved_alias(alias)) {
        SLIPWAY_CHECK(authorize(*request.principal, Permission::kDeploy, name));
        SLIPWAY_TRY(const std::optional<Version> version, find_version(parts, t, registration));
        SLIPWAY_CHECK(check_reserved_alias(alias, version ? &*version : nullptr));
        subject.version = version->semver.to_string();
        subject.bundle = version->digest;
      }
      SLIPWAY_CHECK(LabelStore().set_alias(t, name, alias, registration.id));
      SLIPWAY_CHECK(emit(t, ModelVersionAliasCreated{name, alias, std::to_string(number)}));
      return std::string();
    });
  };
  if (is_reserved_alias(alias))
    return told(parts, parts.decisions.carry_out(request, "model.alias." + alias, 200, move));
  DecisionSubject ignored;
  return told(parts, move(ignored));
}

Result<std::string> delete_alias(const RegistryRouteParts& parts, const Arguments& arguments,
                                 const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kReadMetadata));
  SLIPWAY_CHECK(authorize_change(*request.principal, name));
  SLIPWAY_TRY(const std::string alias, arguments.require_text("alias"));
  const auto remove = [&](DecisionSubject& subject) {
    subject.model = name;
    return in_write(parts.database, [&](Transaction& t) -> Result<std::string> {
      if (is_reserved_alias(alias)) SLIPWAY_CHECK(authorize(*request.principal, Permission::kDeploy, name));
      SLIPWAY_CHECK(find_model(parts, t, name));
      SLIPWAY_CHECK(LabelStore().delete_alias(t, name, alias));
      SLIPWAY_CHECK(emit(t, ModelVersionAliasDeleted{name, alias}));
      return std::string();
    });
  };
  if (is_reserved_alias(alias))
    return told(parts, parts.decisions.carry_out(request, "model.alias_delete." + alias, 200, remove));
  DecisionSubject ignored;
  return told(parts, remove(ignored));
}

}  // namespace

void add_registered_model_label_routes(Router& router, const RegistryRouteParts& parts) {
  add(router, Method::kPost, "registered-models/set-tag", Permission::kRegister, parts, &set_tag);
  add(router, Method::kDelete, "registered-models/delete-tag", Permission::kRegister, parts, &delete_tag);
  add(router, Method::kGet, "registered-models/get-latest-versions", Permission::kReadMetadata, parts,
      &latest_versions);
  add(router, Method::kPost, "registered-models/get-latest-versions", Permission::kReadMetadata, parts,
      &latest_versions);
  add(router, Method::kGet, "registered-models/alias", Permission::kReadMetadata, parts, &get_alias);
  add(router, Method::kPost, "registered-models/alias", Permission::kReadMetadata, parts, &set_alias);
  add(router, Method::kDelete, "registered-models/alias", Permission::kReadMetadata, parts, &delete_alias);
}

}  // namespace slipway::mlflow
