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
  SearchGroup group;
  group.names = {"attributes", "attribute"};
  group.fields = std::move(fields);
  return group;
}

SearchGroup tags(std::string_view from, const char* owner) {
  SearchGroup group;
  group.names = {"tags", "tag"};
  group.kind = SearchGroupKind::kTexts;
  group.from = from;
  group.owner = owner;
  return group;
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

// Clients hide prompts with a clause that they add to each filter. It is to hold for models without the tag as well,
// and hiding prompts is the default here, so it is taken off.
RegistrySearch without_hidden_prompts(RegistrySearch wanted) {
  constexpr std::string_view kClauses[] = {"`mlflow.prompt.is_prompt` != 'true'",
                                           "`mlflow.prompt.is_prompt` = 'false'"};
  constexpr std::string_view kEnds[] = {"tag.", "tags.", " AND "};
  std::string_view filter = wanted.filter;
  for (const std::string_view clause : kClauses) {
    if (!filter.ends_with(clause)) continue;
    filter.remove_suffix(clause.size());
    for (const std::string_view end : kEnds) {
      if (filter.ends_with(end)) filter.remove_suffix(end.size());
    }
    wanted.filter = std::string(filter);
    break;
  }
  return wanted;
}

// What a search looks at, without prompts and with them, and how its rows are read.
template <typename T>
struct Searched {
  SearchEntity plain;
  SearchEntity with_prompts;
  const char* model_column;
  std::size_t limit_max;
  Result<T> (*read)(const Row& row);
};

template <typename T>
Result<Page<T>> search(Transaction& t, const Searched<T>& searched, const RegistrySearch& asked,
                       const Principal& principal) {
  const RegistrySearch wanted = without_hidden_prompts(asked);
  const bool has_prompts = wanted.filter.find(kPromptTag) != std::string::npos;
  SLIPWAY_TRY(const Page<Row> rows, search_page(t, has_prompts ? searched.with_prompts : searched.plain,
                                                {.filter = wanted.filter,
                                                 .order_by = wanted.order_by,
                                                 .scopes = readable(principal, searched.model_column),
                                                 .limit = wanted.limit,
                                                 .limit_max = searched.limit_max,
                                                 .token = wanted.token}));
  Page<T> found;
  found.next_token = rows.next_token;
  for (const Row& row : rows.items) {
    SLIPWAY_TRY(found.items.emplace_back(), searched.read(row));
  }
  return found;
}

}  // namespace

Result<Page<Model>> search_models(Transaction& t, const RegistrySearch& asked, const Principal& principal) {
  static const Searched<Model> kModels{model_entity(false), model_entity(true), "e.name", kModelsLimitMax, read_model};
  return search(t, kModels, asked, principal);
}

Result<Page<Registration>> search_versions(Transaction& t, const RegistrySearch& asked, const Principal& principal) {
  static const Searched<Registration> kVersions{version_entity(false), version_entity(true), "e.model",
                                                kVersionsLimitMax, read_registration};
  return search(t, kVersions, asked, principal);
}

}  // namespace slipway::mlflow
