#include <algorithm>

#include "access/authorize.h"
#include "base/bytes.h"
#include "outbox/events.h"
#include "protocol/mlflow/registry_common.h"
#include "protocol/mlflow/registry_search.h"
#include "registry/label_rules.h"
#include "registry/transact.h"
#include "tracking/artifact_registrar.h"
#include "tracking/logged_model_store.h"

namespace slipway::mlflow {
namespace {

constexpr std::size_t kOrdersMax = 16;
constexpr std::int64_t kVersionsDefault = 10'000;
constexpr std::string_view kModels = "models:/";
constexpr std::string_view kLoggedModels = "models:/m-";

struct NewRegistration {
  Registration registration;
  std::vector<Label> tags;
};

Result<NewRegistration> parse(const Arguments& arguments, const HttpRequest& request) {
  NewRegistration wanted;
  Registration& row = wanted.registration;
  SLIPWAY_TRY(row.model, model_of(arguments, request, Permission::kRegister));
  SLIPWAY_TRY(row.source, arguments.require_text("source"));
  SLIPWAY_TRY(row.run_id, arguments.text("run_id"));
  SLIPWAY_TRY(row.model_id, arguments.text("model_id"));
  SLIPWAY_TRY(row.run_link, arguments.text("run_link"));
  SLIPWAY_TRY(row.description, arguments.text("description"));
  row.author = request.principal->id;
  SLIPWAY_TRY(wanted.tags, tags_of(arguments));
  if (row.source.starts_with(kModels)) {  // a client copies with all tags it sees; the facts of the copy are told anew
    std::erase_if(wanted.tags, [](const Label& tag) { return tag.key.starts_with(kFactPrefix); });
  }
  for (const Label& tag : wanted.tags) {
    SLIPWAY_CHECK(check_new_version_tag(tag.key));
    if (tag.key != kSemverTag) continue;
    SLIPWAY_TRY(const SemVer semver, SemVer::parse(tag.value));
    row.semver = semver.to_string();
  }
  return wanted;
}

// A name that is taken is refused now, not behind the client's back.
Status check_semver_free(const RegistryRouteParts& parts, Transaction& t, const Registration& wanted) {
  if (wanted.semver.empty()) return {};
  SLIPWAY_TRY(const SemVer semver, SemVer::parse(wanted.semver));
  const auto version = parts.models.version(t, wanted.model, semver);
  if (!version && version.error().code != Code::kNotFound) return fail(version.error());
  SLIPWAY_TRY(const std::vector<Row> pending,
              t.query("SELECT 1 FROM registrations WHERE model = $1 AND semver = $2 AND status = "
                      "'PENDING_REGISTRATION' AND is_hidden = 0 LIMIT 1",
                      {wanted.model, wanted.semver}));
  const bool is_replaceable =
      version && version->state == VersionState::kDraft && !version->was_candidate && version->author == wanted.author;
  if (pending.empty() && (!version || is_replaceable)) return {};
  return fail(Code::kAlreadyExists, "version.taken",
              wanted.model + '@' + wanted.semver + " is taken; register under another version");
}

// What clients leave out and the logged model knows.
Status complete(Transaction& t, Registration& row) {
  if (!row.source.starts_with(kLoggedModels)) return {};
  const std::string id = row.source.substr(kLoggedModels.size() - 2);
  SLIPWAY_TRY(const LoggedModel model, LoggedModelStore().get(t, id));
  if (row.model_id.empty()) row.model_id = id;
  if (row.run_id.empty()) row.run_id = model.source_run_id;
  return {};
}

void settle_as_reference(Registration& row, std::string_view why) {
  row.status = RegistrationStatus::kReady;
  row.message = "kept as a reference, neither checked nor servable: " + std::string(why);
}

// Who registers a copy of a version must be allowed to read what is copied; said before whether it exists.
Status check_readable(const Principal& principal, std::string_view source) {
  if (!source.starts_with(kModels) || source.starts_with(kLoggedModels)) return {};
  source.remove_prefix(kModels.size());
  return authorize(principal, Permission::kReadMetadata, source.substr(0, source.rfind('/')));
}

// Files on this server wait for their checks; a source elsewhere is kept as what it is, a reference.
Status decide_status(const RegistryRouteParts& parts, Transaction& t, const Principal& principal, Registration& row) {
  SLIPWAY_CHECK(check_readable(principal, row.source));
  const auto source = find_source(t, row.source);
  if (!source && source.error().code == Code::kNotFound && row.source.starts_with("runs:/")) {
    settle_as_reference(row, source.error().message);
    return {};
  }
  if (!source) return fail(source.error());
  if (source->is_elsewhere()) {
    settle_as_reference(row, "its files are not on this server");
    return {};
  }
  if (!source->version_id.empty()) {
    SLIPWAY_TRY(const Version copied, parts.models.version_by_id(t, source->version_id));
    return authorize(principal, Permission::kReadMetadata, copied.model);
  }
  SLIPWAY_TRY(const Page<Artifact> files, ArtifactStore().list(t, source->folder, {.limit = 1, .token = ""}));
  if (!files.items.empty()) return {};
  row.status = RegistrationStatus::kFailed;
  row.message = "there are no files at " + slipway::quoted(row.source, 256) + "; log the model before it is registered";
  return {};
}

Result<std::string> create(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const NewRegistration wanted, parse(arguments, request));
  RegistrationStatus status = RegistrationStatus::kPending;
  SLIPWAY_TRY(std::string body, in_write(parts.database, [&](Transaction& t) -> Result<std::string> {
                Registration row = wanted.registration;
                SLIPWAY_CHECK(complete(t, row));
                SLIPWAY_CHECK(check_semver_free(parts, t, row));
                SLIPWAY_CHECK(decide_status(parts, t, *request.principal, row));
                SLIPWAY_TRY(const Registration made, RegistrationStore().create(t, row));
                SLIPWAY_CHECK(LabelStore().set_version_tags(t, made.id, wanted.tags));
                SLIPWAY_CHECK(emit(t, ModelVersionCreated{made.model, std::to_string(made.number), made.source,
                                                          made.run_id, pairs_of(wanted.tags), made.description}));
                status = made.status;
                return version_json({made, std::nullopt, wanted.tags, {}, 0, 0});
              }));
  if (status == RegistrationStatus::kPending) parts.on_registration();
  return told(parts, std::move(body));
}

Result<std::string> get(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kReadMetadata));
  SLIPWAY_TRY(const std::int64_t number, number_of(arguments));
  return in_read(parts.database, [&](Transaction& t) -> Result<std::string> {
    SLIPWAY_TRY(Registration registration, find_registration(parts, t, name, number));
    SLIPWAY_TRY(const VersionView view, load_view(t, parts.models, std::move(registration)));
    return version_json(view);
  });
}

// The bundle of a version, which never changes; else what the client named.
Result<std::string> download_uri(const RegistryRouteParts& parts, const Arguments& arguments,
                                 const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kReadMetadata));
  SLIPWAY_TRY(const std::int64_t number, number_of(arguments));
  return in_read(parts.database, [&](Transaction& t) -> Result<std::string> {
    SLIPWAY_TRY(const Registration registration, find_registration(parts, t, name, number));
    SLIPWAY_TRY(const std::optional<Version> version, find_version(parts, t, registration));
    std::string body;
    JsonWriter json(body);
    json.begin_object().key("artifact_uri");
    json.value(version ? version_files_uri(version->id) : registration.source).end_object();
    return body;
  });
}

Result<std::string> search(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  RegistrySearch wanted;
  SLIPWAY_TRY(wanted.filter, arguments.text("filter"));
  SLIPWAY_TRY(wanted.order_by, arguments.texts("order_by", kOrdersMax));
  SLIPWAY_TRY(wanted.token, arguments.text("page_token"));
  SLIPWAY_TRY(const auto limit, arguments.integer("max_results"));
  wanted.limit = static_cast<std::size_t>(std::max<std::int64_t>(limit.value_or(kVersionsDefault), 0));
  return in_read(parts.database, [&](Transaction& t) -> Result<std::string> {
    SLIPWAY_TRY(Page<Registration> page, search_versions(t, wanted, *request.principal));
    SLIPWAY_TRY(const std::vector<VersionView> views, load_views(t, parts.models, std::move(page.items)));
    return versions_json(views, page.next_token);
  });
}

}  // namespace

void add_model_version_routes(Router& router, const RegistryRouteParts& parts) {
  add(router, Method::kPost, "model-versions/create", Permission::kRegister, parts, &create);
  add(router, Method::kGet, "model-versions/get", Permission::kReadMetadata, parts, &get);
  add(router, Method::kGet, "model-versions/get-download-uri", Permission::kReadMetadata, parts, &download_uri);
  add(router, Method::kGet, "model-versions/search", Permission::kReadMetadata, parts, &search);
}

}  // namespace slipway::mlflow
