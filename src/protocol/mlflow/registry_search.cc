#include "protocol/mlflow/registry_search.h"

#include <algorithm>

#include "registry/model_rows.h"
#include "tracking/search_sql.h"

namespace slipway::mlflow {
namespace {

constexpr std::string_view kPromptTag = "mlflow.prompt.is_prompt";

// "e.a, e.b" of "a, b".
std::string of_entity(std::string_view columns) {
  std::string prefixed;
  while (!columns.empty()) {
    const std::size_t end = std::min(columns.find(", "), columns.size());
    prefixed.append(prefixed.empty() ? "e." : ", e.").append(columns.substr(0, end));
    columns.remove_prefix(std::min(end + 2, columns.size()));
  }
  return prefixed;
}

SearchField field(std::vector<std::string> names, std::string column) {
  SearchField made;
  made.names = std::move(names);
  made.column = std::move(column);
  return made;
}

SearchField order_field(std::vector<std::string> names, std::string column) {
  SearchField made = field(std::move(names), std::move(column));
  made.type = SearchType::kInteger;
  made.is_filtered = false;
  return made;
}

SearchGroup attributes(std::vector<SearchField> fields) {
  return {{"attributes", "attribute"}, SearchGroupKind::kAttributes, "", "", std::move(fields)};
}

SearchGroup tags(std::string_view from, const char* owner) {
  return {{"tags", "tag"}, SearchGroupKind::kTexts, std::string(from), owner, {}};
}

SearchEntity model_entity(bool has_prompts) {
  SearchEntity models;
  models.list = has_prompts ? "registered_models_and_prompts" : "registered_models";
  models.from = "models e";
  models.key = "e.name";
  models.where = "e.is_hidden = 0";
  if (!has_prompts) {
    models.where +=
        " AND NOT EXISTS (SELECT 1 FROM model_tags q WHERE q.model = e.name AND q.key = 'mlflow.prompt.is_prompt' AND "
        "q.value = 'true')";
  }
  models.columns = of_entity(kModelColumns);
  models.groups = {attributes({field({"name"}, "e.name"), order_field({"creation_timestamp"}, "e.created_at"),
                               order_field({"last_updated_timestamp", "timestamp"}, "e.updated_at")}),
                   tags("model_tags x", "x.model")};
  models.last_order = {{"name", true}};
  return models;
}

// The facts that are shown as tags can be searched as such.
constexpr std::string_view kVersionTags =
    "(SELECT registration_id, key, value FROM version_tags UNION ALL SELECT id, 'slipway.state', state FROM versions "
    "UNION ALL SELECT id, 'slipway.semver', semver FROM versions "
    "UNION ALL SELECT id, 'slipway.digest', digest FROM versions) x";

SearchEntity version_entity(bool has_prompts) {
  SearchEntity versions;
  versions.list = has_prompts ? "model_versions_and_prompts" : "model_versions";
  versions.from = "registrations e";
  versions.key = "e.id";
  versions.where = "e.is_hidden = 0";
  if (!has_prompts) {
    versions.where +=
        " AND NOT EXISTS (SELECT 1 FROM version_tags q WHERE q.registration_id = e.id AND "
        "q.key = 'mlflow.prompt.is_prompt' AND q.value = 'true')";
  }
  versions.columns = of_entity(kRegistrationColumns);
  SearchField number = field({"version_number", "version"}, "e.number");
  number.type = SearchType::kInteger;
  number.may_be_quoted = true;
  versions.groups = {
      attributes({field({"name"}, "e.model"), number, field({"run_id"}, "e.run_id"), field({"source_path"}, "e.source"),
                  field({"user_id"}, "e.author"), field({"current_stage"}, "e.stage"),
                  order_field({"creation_timestamp"}, "e.created_at"),
                  order_field({"last_updated_timestamp", "timestamp"}, "e.updated_at")}),
      tags(kVersionTags, "x.registration_id")};
  versions.last_order = {{"name", true}, {"version_number", false}};
  return versions;
}

// One for each model that may be read; one without columns where all may.
std::vector<SearchScope> readable(const Principal& principal, const char* column) {
  std::vector<SearchScope> scopes;
  for (const Grant& grant : principal.grants) {
    if (!allows(grant.role, Permission::kReadMetadata)) continue;
    if (grant.model == "*") return {{}};
    SearchScope scope = {{column, grant.model}};
    if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) scopes.push_back(std::move(scope));
  }
  return scopes;
}

Result<Page<Row>> search(Transaction& t, const SearchEntity& entity, const RegistrySearch& wanted,
                         std::vector<SearchScope> scopes, std::size_t limit_max) {
  return search_page(t, entity,
                     {.filter = wanted.filter,
                      .order_by = wanted.order_by,
                      .scopes = std::move(scopes),
                      .limit = wanted.limit,
                      .limit_max = limit_max,
                      .token = wanted.token});
}

// Clients hide prompts with a clause that they add to each filter. It is to hold for models without the tag as well,
// and hiding prompts is the default here, so it is taken off.
RegistrySearch without_hidden_prompts(RegistrySearch wanted) {
  constexpr std::string_view kClause = "tag.`mlflow.prompt.is_prompt` != 'true'";
  constexpr std::string_view kAnd = " AND ";
  if (!wanted.filter.ends_with(kClause)) return wanted;
  wanted.filter.resize(wanted.filter.size() - kClause.size());
  if (wanted.filter.ends_with(kAnd)) wanted.filter.resize(wanted.filter.size() - kAnd.size());
  return wanted;
}

}  // namespace

Result<Page<Model>> search_models(Transaction& t, const RegistrySearch& asked, const Principal& principal) {
  static const SearchEntity kModels = model_entity(false);
  static const SearchEntity kAll = model_entity(true);
  const RegistrySearch wanted = without_hidden_prompts(asked);
  const bool has_prompts = wanted.filter.find(kPromptTag) != std::string::npos;
  SLIPWAY_TRY(const Page<Row> rows,
              search(t, has_prompts ? kAll : kModels, wanted, readable(principal, "e.name"), kModelsLimitMax));
  Page<Model> found;
  found.next_token = rows.next_token;
  for (const Row& row : rows.items) {
    SLIPWAY_TRY(found.items.emplace_back(), read_model(row));
  }
  return found;
}

Result<Page<Registration>> search_versions(Transaction& t, const RegistrySearch& asked, const Principal& principal) {
  static const SearchEntity kVersions = version_entity(false);
  static const SearchEntity kAll = version_entity(true);
  const RegistrySearch wanted = without_hidden_prompts(asked);
  const bool has_prompts = wanted.filter.find(kPromptTag) != std::string::npos;
  SLIPWAY_TRY(const Page<Row> rows,
              search(t, has_prompts ? kAll : kVersions, wanted, readable(principal, "e.model"), kVersionsLimitMax));
  Page<Registration> found;
  found.next_token = rows.next_token;
  for (const Row& row : rows.items) {
    SLIPWAY_TRY(found.items.emplace_back(), read_registration(row));
  }
  return found;
}

}  // namespace slipway::mlflow
