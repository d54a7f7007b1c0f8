#include "outbox/events.h"
#include "protocol/mlflow/registry_common.h"
#include "protocol/mlflow/registry_search.h"
#include "registry/label_rules.h"
#include "registry/transact.h"

namespace slipway::mlflow {
namespace {

constexpr std::size_t kOrdersMax = 16;

struct ModelView {
  Model model;
  std::vector<VersionView> latest;
  std::vector<Label> tags;
  std::vector<ModelAlias> aliases;
};

Result<ModelView> load(const RegistryRouteParts& parts, Transaction& t, Model model) {
  ModelView view;
  SLIPWAY_TRY(std::vector<Registration> latest, RegistrationStore().latest(t, model.name, {}));
  SLIPWAY_TRY(view.latest, load_views(t, parts.models, std::move(latest)));
  SLIPWAY_TRY(view.tags, LabelStore().model_tags(t, model.name));
  SLIPWAY_TRY(view.aliases, LabelStore().aliases(t, model.name));
  view.model = std::move(model);
  return view;
}

void write(JsonWriter& json, const ModelView& view) {
  json.begin_object().key("name").value(view.model.name).key("description").value(view.model.description);
  json.key("creation_timestamp").value(milliseconds(view.model.created_at));
  json.key("last_updated_timestamp").value(milliseconds(view.model.updated_at));
  json.key("user_id").value(view.model.created_by).key("latest_versions").begin_array();
  for (const VersionView& version : view.latest) write_version(json, version);
  json.end_array().key("tags");
  write_tags(json, view.tags);
  json.key("aliases").begin_array();
  for (const ModelAlias& alias : view.aliases) {
    json.begin_object().key("alias").value(alias.alias).key("version").value(std::to_string(alias.number)).end_object();
  }
  json.end_array().end_object();
}

std::string model_json(const ModelView& view) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("registered_model");
  write(json, view);
  json.end_object();
  return body;
}

Result<std::string> create(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kRegister));
  SLIPWAY_TRY(const std::vector<Label> tags, tags_of(arguments));
  SLIPWAY_TRY(const std::string description, arguments.text("description"));
  for (const Label& tag : tags) SLIPWAY_CHECK(check_model_tag(tag.key));
  return told(parts, in_write(parts.database, [&](Transaction& t) -> Result<std::string> {
                auto made = parts.models.create_model(t, name, description, request.principal->id);
                if (!made && made.error().code == Code::kAlreadyExists) {
                  return fail(Code::kAlreadyExists, "model.taken",
                              "Registered Model (name=" + name + ") already exists.");
                }
                if (!made) return fail(made.error());
                SLIPWAY_CHECK(LabelStore().set_model_tags(t, name, tags));
                SLIPWAY_CHECK(emit(t, RegisteredModelCreated{name, pairs_of(tags), description}));
                return model_json({*std::move(made), {}, tags, {}});
              }));
}

Result<std::string> get(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kReadMetadata));
  return in_read(parts.database, [&](Transaction& t) -> Result<std::string> {
    SLIPWAY_TRY(Model model, find_model(parts, t, name));
    SLIPWAY_TRY(const ModelView view, load(parts, t, std::move(model)));
    return model_json(view);
  });
}

Result<std::string> rename(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kRegister));
  SLIPWAY_TRY(const std::string new_name, arguments.require_text("new_name"));
  if (!request.principal->may(Permission::kRegister, new_name)) {
    return fail(Code::kPermissionDenied, "access.forbidden", "the new name needs the permission register as well");
  }
  return in_write(parts.database, [&](Transaction& t) -> Result<std::string> {
    SLIPWAY_CHECK(find_model(parts, t, name));
    auto renamed = parts.models.rename_model(t, name, new_name, request.principal->id);
    if (!renamed && renamed.error().code == Code::kAlreadyExists) {
      return fail(Code::kAlreadyExists, "model.taken", "Registered Model (name=" + new_name + ") already exists.");
    }
    if (!renamed) return fail(renamed.error());
    SLIPWAY_TRY(const ModelView view, load(parts, t, *std::move(renamed)));
    return model_json(view);
  });
}

Result<std::string> update(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kRegister));
  SLIPWAY_TRY(const auto description, arguments.optional_text("description"));
  if (!description) {
    return fail(Code::kInvalidArgument, "request.invalid",
                "Attempting to update registered model with no new field values.");
  }
  return in_write(parts.database, [&](Transaction& t) -> Result<std::string> {
    SLIPWAY_CHECK(find_model(parts, t, name));
    SLIPWAY_TRY(Model model, parts.models.describe_model(t, name, *description, request.principal->id));
    SLIPWAY_TRY(const ModelView view, load(parts, t, std::move(model)));
    return model_json(view);
  });
}

// With all its versions, each as it would be deleted alone.
Result<std::string> remove(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_TRY(const std::string name, model_of(arguments, request, Permission::kReadMetadata));
  SLIPWAY_CHECK(authorize_change(*request.principal, name));
  auto done = parts.decisions.carry_out(request, "model.delete", 200, [&](DecisionSubject& subject) {
    subject.model = name;
    return in_write(parts.database, [&](Transaction& t) -> Result<std::string> {
      SLIPWAY_CHECK(find_model(parts, t, name));
      const RegistrationStore registrations;
      SLIPWAY_TRY(const std::vector<Registration> all, registrations.all(t, name));
      for (const Registration& registration : all) {
        SLIPWAY_TRY(const std::optional<Version> version, find_version(parts, t, registration));
        if (version) SLIPWAY_CHECK(take_out(parts, t, *request.principal, *version, "its model was deleted"));
        SLIPWAY_CHECK(registrations.hide(t, registration));
      }
      SLIPWAY_CHECK(parts.models.hide_model(t, name, request.principal->id));
      return std::string();
    });
  });
  if (done) parts.on_change();
  return done;
}

Result<std::string> search(const RegistryRouteParts& parts, const Arguments& arguments, const HttpRequest& request) {
  RegistrySearch wanted;
  SLIPWAY_TRY(wanted.filter, arguments.text("filter"));
  SLIPWAY_TRY(wanted.order_by, arguments.texts("order_by", kOrdersMax));
  SLIPWAY_TRY(wanted.token, arguments.text("page_token"));
  SLIPWAY_TRY(const auto limit, arguments.integer("max_results"));
  wanted.limit = static_cast<std::size_t>(std::max<std::int64_t>(limit.value_or(100), 0));
  return in_read(parts.database, [&](Transaction& t) -> Result<std::string> {
    SLIPWAY_TRY(Page<Model> page, search_models(t, wanted, *request.principal));
    std::string body;
    JsonWriter json(body);
    json.begin_object().key("registered_models").begin_array();
    for (Model& model : page.items) {
      SLIPWAY_TRY(const ModelView view, load(parts, t, std::move(model)));
      write(json, view);
    }
    json.end_array();
    if (!page.next_token.empty()) json.key("next_page_token").value(page.next_token);
    json.end_object();
    return body;
  });
}

}  // namespace

void add_registered_model_routes(Router& router, const RegistryRouteParts& parts) {
  add(router, Method::kPost, "registered-models/create", Permission::kRegister, parts, &create);
  add(router, Method::kGet, "registered-models/get", Permission::kReadMetadata, parts, &get);
  add(router, Method::kPost, "registered-models/rename", Permission::kRegister, parts, &rename);
  add(router, Method::kPatch, "registered-models/update", Permission::kRegister, parts, &update);
  add(router, Method::kDelete, "registered-models/delete", Permission::kReadMetadata, parts, &remove);
  add(router, Method::kGet, "registered-models/search", Permission::kReadMetadata, parts, &search);
}

}  // namespace slipway::mlflow
