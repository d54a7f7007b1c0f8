#include "protocol/mlflow/version_view.h"

#include <algorithm>
#include <map>

#include "registry/model_rows.h"

namespace slipway::mlflow {
namespace {

std::vector<std::string> ids_of(const std::vector<Registration>& registrations) {
  std::vector<std::string> ids;
  for (const Registration& registration : registrations) ids.push_back(registration.id);
  return ids;
}

Result<std::map<std::string, Version>> load_versions(Transaction& t, const std::vector<std::string>& ids) {
  static const std::string kSql = select(kVersionColumns, "FROM versions " + in_ids("id"));
  std::map<std::string, Version> found;
  for (std::size_t first = 0; first < ids.size(); first += kIdsAtOnce) {
    SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, ids_from(ids, first)));
    for (const Row& row : rows) {
      SLIPWAY_TRY(Version version, read_version(row));
      std::string id = version.id;
      found.emplace(std::move(id), std::move(version));
    }
  }
  return found;
}

Result<std::map<std::string, std::int64_t>> count_approvals(Transaction& t, const std::vector<std::string>& ids) {
  static const std::string kSql = "SELECT version_id, COUNT(DISTINCT principal) FROM approvals " +
                                  in_ids("version_id") +
                                  " AND decision = 'approve' AND voided_at IS NULL GROUP BY version_id";
  std::map<std::string, std::int64_t> found;
  for (std::size_t first = 0; first < ids.size(); first += kIdsAtOnce) {
    SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, ids_from(ids, first)));
    for (const Row& row : rows) found[row.text(0)] = row.integer(1);
  }
  return found;
}

// Of a version that is not approved yet: as its model has it now.
Status load_required(Transaction& t, const ModelStore& models, std::vector<VersionView>& views) {
  std::map<std::string, std::int64_t> required;
  for (VersionView& view : views) {
    if (!view.version) continue;
    view.approvals_required = view.version->approvals_required;
    if (view.approvals_required > 0) continue;
    const std::string& name = view.version->model;
    auto known = required.find(name);
    if (known == required.end()) {
      SLIPWAY_TRY(const Model model, models.model(t, name));
      SLIPWAY_TRY(const std::int64_t by_default, models.approvals_required_by_default(t));
      known = required.emplace(name, model.approvals_required.value_or(by_default)).first;
    }
    view.approvals_required = known->second;
  }
  return {};
}

std::string servable_text(const Version& version) {
  if (version.checks_passed) return "true";
  return version.state_reason.empty() ? "the model's own tests failed" : version.state_reason;
}

}  // namespace

std::int64_t milliseconds(WallTime time) noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

Result<std::vector<VersionView>> load_views(Transaction& t, const ModelStore& models,
                                            std::vector<Registration> registrations) {
  const std::vector<std::string> ids = ids_of(registrations);
  SLIPWAY_TRY(auto versions, load_versions(t, ids));
  SLIPWAY_TRY(auto tags, LabelStore().version_tags(t, ids));
  SLIPWAY_TRY(auto aliases, LabelStore().version_aliases(t, ids));
  SLIPWAY_TRY(auto approvals, count_approvals(t, ids));
  std::vector<VersionView> views;
  for (Registration& registration : registrations) {
    VersionView& view = views.emplace_back();
    const std::string& id = registration.id;
    if (const auto version = versions.find(id); version != versions.end()) view.version = std::move(version->second);
    view.tags = std::move(tags[id]);
    view.aliases = std::move(aliases[id]);
    view.approvals = approvals[id];
    view.registration = std::move(registration);
  }
  SLIPWAY_CHECK(load_required(t, models, views));
  return views;
}

Result<VersionView> load_view(Transaction& t, const ModelStore& models, Registration registration) {
  std::vector<Registration> one;
  one.push_back(std::move(registration));
  SLIPWAY_TRY(std::vector<VersionView> views, load_views(t, models, std::move(one)));
  return std::move(views.front());
}

std::vector<Label> facts_of(const VersionView& view) {
  if (!view.version) return {};
  const Version& version = *view.version;
  std::vector<Label> facts = {{"slipway.state", std::string(to_string(version.state))},
                              {"slipway.semver", version.semver.to_string()},
                              {"slipway.digest", version.digest.hex()},
                              {"slipway.servable", servable_text(version)}};
  if (version.was_candidate) {
    facts.push_back(
        {"slipway.approvals", std::to_string(view.approvals) + " of " + std::to_string(view.approvals_required)});
  }
  return facts;
}

void write_tags(JsonWriter& json, const std::vector<Label>& tags) {
  json.begin_array();
  for (const Label& tag : tags)
    json.begin_object().key("key").value(tag.key).key("value").value(tag.value).end_object();
  json.end_array();
}

void write_version(JsonWriter& json, const VersionView& view) {
  const Registration& row = view.registration;
  const WallTime updated = view.version ? std::max(row.updated_at, view.version->updated_at) : row.updated_at;
  std::vector<Label> tags = view.tags;
  for (Label& fact : facts_of(view)) tags.push_back(std::move(fact));
  json.begin_object().key("name").value(row.model).key("version").value(std::to_string(row.number));
  json.key("creation_timestamp").value(milliseconds(row.created_at));
  json.key("last_updated_timestamp").value(milliseconds(updated));
  json.key("user_id").value(row.author).key("current_stage").value(row.stage);
  json.key("description").value(row.description).key("source").value(row.source).key("run_id").value(row.run_id);
  json.key("status").value(to_string(row.status)).key("status_message").value(row.message);
  json.key("run_link").value(row.run_link).key("model_id").value(row.model_id).key("tags");
  write_tags(json, tags);
  json.key("aliases").begin_array();
  for (const std::string& alias : view.aliases) json.value(alias);
  json.end_array().end_object();
}

std::string version_json(const VersionView& view) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("model_version");
  write_version(json, view);
  json.end_object();
  return body;
}

std::string versions_json(const std::vector<VersionView>& views, std::string_view next_token) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("model_versions").begin_array();
  for (const VersionView& view : views) write_version(json, view);
  json.end_array();
  if (!next_token.empty()) json.key("next_page_token").value(next_token);
  json.end_object();
  return body;
}

}  // namespace slipway::mlflow
