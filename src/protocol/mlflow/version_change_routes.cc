#include "access/authorize.h"
#include "base/bytes.h"
#include "outbox/events.h"
#include "protocol/mlflow/registry_common.h"
#include "registry/label_rules.h"
#include "registry/transact.h"

namespace slipway::mlflow {
namespace {

constexpr std::string_view kArchived = "Archived";

Result<std::string> answer_with(const RegistryRouteParts& parts, Transaction& t, std::string_view name,
                                std::int64_t number) {
  SLIPWAY_TRY(Registration registration, find_registration(parts, t, name, number));
  SLIPWAY_TRY(const VersionView view, load_view(t, parts.models, std::move(registration)));
  return version_json(view);
}

Result<std::string> update(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kRegister));
  SLIPWAY_TRY(const std::int64_t number, number_of(arguments));
  SLIPWAY_TRY(const auto description, arguments.optional_text("description"));
  return in_write(parts.database, [&](Transaction& t) -> Result<std::string> {
    SLIPWAY_TRY(const Registration registration, find_registration(parts, t, name, number));
    if (description) SLIPWAY_CHECK(RegistrationStore().describe(t, registration, *description));
    return answer_with(parts, t, name, number);
  });
}

Result<std::string> stage_of(const Arguments& arguments) {
  SLIPWAY_TRY(const std::string text, arguments.require_text("stage"));
  if (const auto stage = parse_stage(text)) return std::string(*stage);
  return fail(Code::kInvalidArgument, "request.invalid",
              "Invalid Model Version stage: " + slipway::quoted(text) +
                  ". Value must be one of None, Staging, Production, Archived.");
}

// Archived is Slipway's retired; the other stages are labels and approve nothing.
Status move_to_stage(const RegistryRouteParts& parts, Transaction& t, const Principal& principal,
                     const Registration& registration, std::string_view stage) {
  SLIPWAY_TRY(const std::optional<Version> version, find_version(parts, t, registration));
  const bool is_retired = version && version->state == VersionState::kRetired;
  if (stage != kArchived && is_retired) {
    return fail(Code::kFailedPrecondition, "version.bad_transition",
                "version " + std::to_string(registration.number) + " is retired, which is for good; it stays Archived");
  }
  if (stage == kArchived && version && !is_retired) {
    SLIPWAY_CHECK(authorize(principal, Permission::kDeploy, registration.model));
    SLIPWAY_CHECK(parts.models.retire(t, version->model, version->semver, principal.id, "moved to the stage Archived"));
  }
  return RegistrationStore().set_stage(t, registration, stage);
}

Result<std::string> transition(const RegistryRouteParts& parts, const Arguments& arguments,
                               const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kReadMetadata));
  SLIPWAY_CHECK(authorize_change(*request.principal, name));
  SLIPWAY_TRY(const std::int64_t number, number_of(arguments));
  SLIPWAY_TRY(const std::string stage, stage_of(arguments));
  SLIPWAY_TRY(const auto archives, arguments.boolean("archive_existing_versions"));
  if (archives.value_or(false) && stage != "Staging" && stage != "Production") {
    return fail(Code::kInvalidArgument, "request.invalid",
                "Model version transition cannot archive existing model versions because '" + stage +
                    "' is not an Active stage. Valid stages are Staging and Production");
  }
  auto done = parts.decisions.carry_out(request, "model.stage", 200, [&](DecisionSubject& subject) {
    subject.model = name;
    subject.version = std::to_string(number);
    JsonWriter(subject.details).begin_object().key("stage").value(stage).end_object();
    return in_write(parts.database, [&](Transaction& t) -> Result<std::string> {
      SLIPWAY_TRY(const Registration registration, find_registration(parts, t, name, number));
      SLIPWAY_CHECK(move_to_stage(parts, t, *request.principal, registration, stage));
      if (archives.value_or(false)) {
        SLIPWAY_TRY(const std::vector<Registration> all, RegistrationStore().all(t, name));
        for (const Registration& other : all) {
          if (other.number == number || other.stage != stage) continue;
          SLIPWAY_CHECK(move_to_stage(parts, t, *request.principal, other, kArchived));
        }
      }
      return answer_with(parts, t, name, number);
    });
  });
  if (done) parts.on_change();
  return done;
}

Result<std::string> remove(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kReadMetadata));
  SLIPWAY_CHECK(authorize_change(*request.principal, name));
  SLIPWAY_TRY(const std::int64_t number, number_of(arguments));
  auto done = parts.decisions.carry_out(request, "model.delete_version", 200, [&](DecisionSubject& subject) {
    subject.model = name;
    subject.version = std::to_string(number);
    return in_write(parts.database, [&](Transaction& t) -> Result<std::string> {
      SLIPWAY_TRY(const Registration registration, find_registration(parts, t, name, number));
      SLIPWAY_TRY(const std::optional<Version> version, find_version(parts, t, registration));
      if (version) {
        subject.version = version->semver.to_string();
        subject.bundle = version->digest;
        SLIPWAY_CHECK(take_out(parts, t, *request.principal, *version, "deleted by a client"));
      }
      SLIPWAY_CHECK(RegistrationStore().hide(t, registration));
      return std::string();
    });
  });
  if (done) parts.on_change();
  return done;
}

Result<std::string> set_tag(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kRegister));
  SLIPWAY_TRY(const std::int64_t number, number_of(arguments));
  Label tag;
  SLIPWAY_TRY(tag.key, arguments.require_text("key"));
  SLIPWAY_TRY(tag.value, arguments.text("value"));
  SLIPWAY_CHECK(check_version_tag(tag.key));
  return told(parts, write(parts, [&](Transaction& t) -> Status {
                SLIPWAY_TRY(const Registration registration, find_registration(parts, t, name, number));
                SLIPWAY_CHECK(LabelStore().set_version_tags(t, registration.id, std::span(&tag, 1)));
                return emit(t, ModelVersionTagSet{name, std::to_string(number), tag.key, tag.value});
              }));
}

Result<std::string> delete_tag(const RegistryRouteParts& parts, const Arguments& arguments,
                               const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kRegister));
  SLIPWAY_TRY(const std::int64_t number, number_of(arguments));
  SLIPWAY_TRY(const std::string key, arguments.require_text("key"));
  SLIPWAY_CHECK(check_version_tag(key));
  return told(parts, write(parts, [&](Transaction& t) -> Status {
                SLIPWAY_TRY(const Registration registration, find_registration(parts, t, name, number));
                SLIPWAY_CHECK(LabelStore().delete_version_tag(t, registration.id, key));
                return emit(t, ModelVersionTagDeleted{name, std::to_string(number), key});
              }));
}

}  // namespace

void add_model_version_change_routes(Router& router, const RegistryRouteParts& parts) {
  add(router, Method::kPatch, "model-versions/update", Permission::kRegister, parts, &update);
  add(router, Method::kPost, "model-versions/transition-stage", Permission::kReadMetadata, parts, &transition);
  add(router, Method::kDelete, "model-versions/delete", Permission::kReadMetadata, parts, &remove);
  add(router, Method::kPost, "model-versions/set-tag", Permission::kRegister, parts, &set_tag);
  add(router, Method::kDelete, "model-versions/delete-tag", Permission::kRegister, parts, &delete_tag);
}

}  // namespace slipway::mlflow
