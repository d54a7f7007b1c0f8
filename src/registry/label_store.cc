#include "registry/label_store.h"

#include <algorithm>

#include "base/bytes.h"
#include "registry/model_rows.h"

namespace slipway {
namespace {

tl::unexpected<Error> invalid(std::string message) {
  return fail(Code::kInvalidArgument, "registry.invalid_label", std::move(message));
}

bool is_alias_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

Status set_tags(Transaction& t, std::string_view sql, std::string_view owner, std::span<const Label> tags) {
  std::vector<SqlArguments> rows;
  for (const Label& tag : tags) {
    SLIPWAY_CHECK(check_tag(tag));
    rows.push_back({std::string(owner), tag.key, tag.value});
  }
  return rows.empty() ? Status{} : t.execute_batch(sql, rows);
}

}  // namespace

std::string in_ids(std::string_view column) {
  std::string sql = "WHERE " + std::string(column) + " IN (";
  for (std::size_t i = 1; i <= kIdsAtOnce; ++i) sql += (i == 1 ? "$" : ", $") + std::to_string(i);
  return sql + ")";
}

SqlArguments ids_from(std::span<const std::string> ids, std::size_t first) {
  SqlArguments arguments;
  for (std::size_t i = 0; i < kIdsAtOnce; ++i) arguments.emplace_back(ids[std::min(first + i, ids.size() - 1)]);
  return arguments;
}

Status check_tag(const Label& tag) {
  if (tag.key.empty()) return invalid("Missing value for required parameter 'key'");
  if (tag.key.size() > kTagKeyBytesMax)
    return invalid("tag key " + slipway::quoted(tag.key) + ": at most " + std::to_string(kTagKeyBytesMax) +
                   " bytes are accepted, found " + std::to_string(tag.key.size()));
  SLIPWAY_CHECK(check_text("tag key", tag.key, kTagKeyBytesMax));
  return check_text("tag " + slipway::quoted(tag.key), tag.value, kTagValueBytesMax);
}

Status check_alias(std::string_view alias) {
  const bool is_name =
      !alias.empty() && alias.size() <= kAliasBytesMax && std::all_of(alias.begin(), alias.end(), is_alias_character);
  if (!is_name) {
    return invalid("Invalid alias name " + slipway::quoted(alias) +
                   ": accepted are 1 to 255 letters, digits, \"_\" and \"-\"");
  }
  std::string lower(alias);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (lower == "latest")
    return invalid("'latest' alias name (case insensitive) is reserved: it means the newest version");
  const bool is_version = lower.size() > 1 && lower[0] == 'v' && std::all_of(lower.begin() + 1, lower.end(), is_digit);
  if (is_version) return invalid("Version alias name " + slipway::quoted(alias) + " is reserved: it means a version");
  return {};
}

Status LabelStore::set_model_tags(Transaction& t, std::string_view model, std::span<const Label> tags) const {
  return set_tags(t,
                  "INSERT INTO model_tags (model, key, value) VALUES ($1, $2, $3) "
                  "ON CONFLICT (model, key) DO UPDATE SET value = excluded.value",
                  model, tags);
}

Status LabelStore::delete_model_tag(Transaction& t, std::string_view model, std::string_view key) const {
  SLIPWAY_CHECK(
      t.execute("DELETE FROM model_tags WHERE model = $1 AND key = $2", {std::string(model), std::string(key)}));
  return {};
}

Result<std::vector<Label>> LabelStore::model_tags(Transaction& t, std::string_view model) const {
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query("SELECT key, value FROM model_tags WHERE model = $1 ORDER BY key", {std::string(model)}));
  std::vector<Label> tags;
  for (const Row& row : rows) tags.push_back({row.text(0), row.text(1)});
  return tags;
}

Status LabelStore::set_version_tags(Transaction& t, std::string_view id, std::span<const Label> tags) const {
  return set_tags(t,
                  "INSERT INTO version_tags (registration_id, key, value) VALUES ($1, $2, $3) "
                  "ON CONFLICT (registration_id, key) DO UPDATE SET value = excluded.value",
                  id, tags);
}

Status LabelStore::delete_version_tag(Transaction& t, std::string_view id, std::string_view key) const {
  SLIPWAY_CHECK(t.execute("DELETE FROM version_tags WHERE registration_id = $1 AND key = $2",
                          {std::string(id), std::string(key)}));
  return {};
}

Result<std::map<std::string, std::vector<Label>>> LabelStore::version_tags(Transaction& t,
                                                                           std::span<const std::string> ids) const {
  static const std::string kSql =
      select("registration_id, key, value", "FROM version_tags " + in_ids("registration_id") + " ORDER BY key");
  std::map<std::string, std::vector<Label>> found;
  for (std::size_t first = 0; first < ids.size(); first += kIdsAtOnce) {
    SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, ids_from(ids, first)));
    for (const Row& row : rows) found[row.text(0)].push_back({row.text(1), row.text(2)});
  }
  return found;
}

Status LabelStore::set_alias(Transaction& t, std::string_view model, std::string_view alias,
                             std::string_view registration_id) const {
  SLIPWAY_CHECK(check_alias(alias));
  SLIPWAY_CHECK(
      t.execute("INSERT INTO model_aliases (model, alias, registration_id) VALUES ($1, $2, $3) "
                "ON CONFLICT (model, alias) DO UPDATE SET registration_id = excluded.registration_id",
                {std::string(model), std::string(alias), std::string(registration_id)}));
  return {};
}

Status LabelStore::delete_alias(Transaction& t, std::string_view model, std::string_view alias) const {
  SLIPWAY_CHECK(
      t.execute("DELETE FROM model_aliases WHERE model = $1 AND alias = $2", {std::string(model), std::string(alias)}));
  return {};
}

Result<ModelAlias> LabelStore::alias(Transaction& t, std::string_view model, std::string_view alias) const {
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query("SELECT a.alias, a.registration_id, r.number FROM model_aliases a JOIN registrations r "
                      "ON r.id = a.registration_id WHERE a.model = $1 AND a.alias = $2",
                      {std::string(model), std::string(alias)}));
  if (rows.empty())
    return fail(Code::kNotFound, "alias.not_found", "Registered model alias " + std::string(alias) + " not found.");
  return ModelAlias{rows[0].text(0), rows[0].text(1), rows[0].integer(2)};
}

Result<std::vector<ModelAlias>> LabelStore::aliases(Transaction& t, std::string_view model) const {
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query("SELECT a.alias, a.registration_id, r.number FROM model_aliases a JOIN registrations r "
                      "ON r.id = a.registration_id WHERE a.model = $1 ORDER BY a.alias",
                      {std::string(model)}));
  std::vector<ModelAlias> found;
  for (const Row& row : rows) found.push_back({row.text(0), row.text(1), row.integer(2)});
  return found;
}

Result<std::map<std::string, std::vector<std::string>>> LabelStore::version_aliases(
    Transaction& t, std::span<const std::string> ids) const {
  static const std::string kSql =
      select("registration_id, alias", "FROM model_aliases " + in_ids("registration_id") + " ORDER BY alias");
  std::map<std::string, std::vector<std::string>> found;
  for (std::size_t first = 0; first < ids.size(); first += kIdsAtOnce) {
    SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, ids_from(ids, first)));
    for (const Row& row : rows) found[row.text(0)].push_back(row.text(1));
  }
  return found;
}

}  // namespace slipway
