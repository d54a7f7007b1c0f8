#include "protocol/mlflow/registry_common.h"

#include <charconv>

#include "access/authorize.h"
#include "base/bytes.h"
#include "outbox/events.h"

namespace slipway::mlflow {
namespace {

constexpr std::size_t kTagsMax = 1000;

tl::unexpected<Error> no_model(std::string_view name) {
  return fail(Code::kNotFound, "model.not_found", "Registered Model with name=" + std::string(name) + " not found");
}

}  // namespace

void add(Router& router, Method method, std::string_view path, Permission permission, const RegistryRouteParts& parts,
         RegistryHandler handler) {
  add_route(router, method, path, permission, [parts, handler](const Arguments& arguments, const HttpRequest& request) {
    return handler(parts, arguments, request);
  });
}

Result<std::string> model_of(const Arguments& arguments, const HttpRequest& request, Permission permission) {
  SLIPWAY_TRY(std::string name, arguments.require_text("name"));
  SLIPWAY_CHECK(authorize(*request.principal, permission, name));
  SLIPWAY_CHECK(check_model_name(name));
  return name;
}

Status authorize_change(const Principal& principal, std::string_view model) {
  return principal.may(Permission::kDeploy, model) ? Status{} : authorize(principal, Permission::kRegister, model);
}

Result<std::int64_t> number_of(const Arguments& arguments) {
  SLIPWAY_TRY(const std::string text, arguments.require_text("version"));
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return number;
  return fail(Code::kInvalidArgument, "request.invalid",
              "Model version must be an integer, got " + slipway::quoted(text));
}

Result<std::vector<Label>> tags_of(const Arguments& arguments) {
  SLIPWAY_TRY(const std::vector<Arguments> objects, arguments.objects("tags", kTagsMax));
  std::vector<Label> tags;
  for (const Arguments& object : objects) {
    Label& tag = tags.emplace_back();
    SLIPWAY_TRY(tag.key, object.require_text("key"));
    SLIPWAY_TRY(tag.value, object.text("value"));
  }
  return tags;
}

Result<std::string> write(const RegistryRouteParts& parts, const std::function<Status(Transaction&)>& body) {
  SLIPWAY_CHECK(parts.database.write(body));
  return std::string();
}

Result<std::string> told(const RegistryRouteParts& parts, Result<std::string> done) {
  if (done) parts.on_event();
  return done;
}

std::vector<std::pair<std::string, std::string>> pairs_of(const std::vector<Label>& tags) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Label& tag : tags) pairs.emplace_back(tag.key, tag.value);
  return pairs;
}

Result<Model> find_model(const RegistryRouteParts& parts, Transaction& t, std::string_view name) {
  auto model = parts.models.model(t, name);
  if (!model && model.error().code != Code::kNotFound) return model;
  if (!model || model->is_hidden) return no_model(name);
  return model;
}

Result<Registration> find_registration(const RegistryRouteParts& /*parts*/, Transaction& t, std::string_view model,
                                       std::int64_t number) {
  return RegistrationStore().get(t, model, number);
}

Result<std::optional<Version>> find_version(const RegistryRouteParts& parts, Transaction& t,
                                            const Registration& registration) {
  auto version = parts.models.version_by_id(t, registration.id);
  if (version) return std::optional(*std::move(version));
  if (version.error().code == Code::kNotFound) return std::optional<Version>();
  return fail(version.error());
}

Result<std::optional<Registration>> find_by_semver(const RegistryRouteParts& parts, Transaction& t,
                                                   std::string_view model, std::string_view text) {
  const auto of_version = [&](const Version& version) -> Result<std::optional<Registration>> {
    SLIPWAY_TRY(Registration found, RegistrationStore().get(t, model, version.number));
    return std::optional(std::move(found));
  };
  if (const auto semver = SemVer::parse(text)) {
    SLIPWAY_TRY(const Version version, parts.models.version(t, model, *semver));
    return of_version(version);
  }
  if (text.find_first_of("0123456789*") == std::string_view::npos || !SemVerRange::parse(text)) return std::nullopt;
  SLIPWAY_TRY(const Version version, parts.models.resolve(t, std::string(model) + '@' + std::string(text)));
  return of_version(version);
}

Status take_out(const RegistryRouteParts& parts, Transaction& t, const Principal& principal, const Version& version,
                std::string_view reason) {
  if (version.state == VersionState::kRetired) return {};
  const bool is_own = version.author == principal.id && version.state != VersionState::kApproved;
  if (!is_own) SLIPWAY_CHECK(authorize(principal, Permission::kDeploy, version.model));
  if (version.state == VersionState::kDraft && !version.was_candidate)
    return parts.models.delete_draft(t, version, principal.id);
  SLIPWAY_CHECK(parts.models.retire(t, version.model, version.semver, principal.id, reason));
  return {};
}

void add_registry_routes(Router& router, const RegistryRouteParts& parts) {
  add_registered_model_routes(router, parts);
  add_registered_model_label_routes(router, parts);
  add_model_version_routes(router, parts);
  add_model_version_change_routes(router, parts);
}

}  // namespace slipway::mlflow
