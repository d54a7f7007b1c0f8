#include "registry/model_store.h"

#include "base/bytes.h"
#include "base/id.h"
#include "base/json_writer.h"
#include "registry/approval_rules.h"
#include "registry/model_rows.h"

namespace slipway {
namespace {

constexpr std::size_t kDescriptionMax = 64 << 10;

tl::unexpected<Error> no_model(std::string_view name) {
  return fail(Code::kNotFound, "model.not_found", "model " + slipway::quoted(name) + " does not exist");
}

Status check_required(std::int64_t count) {
  if (count >= 1 && count <= kApprovalsRequiredMax) return {};
  return fail(
      Code::kInvalidArgument, "approval.invalid_count",
      "approvals required: " + std::to_string(count) + "; accepted is 1 to " + std::to_string(kApprovalsRequiredMax));
}

std::string json_text(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

SqlValue or_null(std::optional<std::int64_t> value) { return value ? SqlValue(*value) : SqlValue(SqlNull{}); }

}  // namespace

std::string ModelStore::make_id() const { return Id::make(*clock_, *random_).to_string(); }

Status ModelStore::record(Transaction& t, std::string_view model, std::string_view version_id, std::string_view kind,
                          std::string_view principal, std::string detail) const {
  SLIPWAY_CHECK(
      t.execute("INSERT INTO registry_events (id, model, version_id, kind, principal, detail, created_at) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                {make_id(), std::string(model), std::string(version_id), std::string(kind), std::string(principal),
                 std::move(detail), now()}));
  return {};
}

Result<Model> ModelStore::create_model(Transaction& t, std::string_view name, std::string_view description,
                                       std::string_view principal) const {
  SLIPWAY_CHECK(check_model_name(name));
  SLIPWAY_CHECK(check_text("description", description, kDescriptionMax));
  SLIPWAY_CHECK(check_principal(principal));
  SLIPWAY_TRY(
      const std::int64_t created,
      t.execute(
          "INSERT INTO models (name, description, created_by, approvals_required, last_number, created_at, updated_at) "
          "VALUES ($1, $2, $3, NULL, 0, $4, $4) ON CONFLICT (name) DO UPDATE SET description = excluded.description, "
          "created_by = excluded.created_by, created_at = excluded.created_at, updated_at = excluded.updated_at, "
          "is_hidden = 0 WHERE models.is_hidden = 1",
          {std::string(name), std::string(description), std::string(principal), now()}));
  if (created == 0)
    return fail(Code::kAlreadyExists, "model.taken", "model " + slipway::quoted(name) + " exists already");
  SLIPWAY_CHECK(record(t, name, "", "model.created", principal, "{}"));
  return model(t, name);
}

Result<Model> ModelStore::model(Transaction& t, std::string_view name) const {
  static const std::string kSql = select(kModelColumns, "FROM models WHERE name = $1");
  SLIPWAY_CHECK(check_model_name(name));
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {std::string(name)}));
  if (rows.empty()) return no_model(name);
  return read_model(rows[0]);
}

Result<Model> ModelStore::rename_model(Transaction& t, std::string_view name, std::string_view new_name,
                                       std::string_view principal) const {
  SLIPWAY_CHECK(check_principal(principal));
  SLIPWAY_TRY(const Model before, model(t, name));
  SLIPWAY_TRY(const std::vector<Row> versions,
              t.query("SELECT 1 FROM versions WHERE model = $1 LIMIT 1", {before.name}));
  if (!versions.empty()) {
    return fail(Code::kFailedPrecondition, "model.has_versions",
                "model " + slipway::quoted(name) +
                    " has versions, and approvals and records name it; create a model of the new name and copy the "
                    "versions that you need");
  }
  SLIPWAY_CHECK(create_model(t, new_name, before.description, before.created_by));
  SLIPWAY_CHECK(t.execute(
      "UPDATE models SET approvals_required = $2, last_number = $3, created_at = $4, updated_at = $5 WHERE name = $1",
      {std::string(new_name), or_null(before.approvals_required), before.last_number,
       before.created_at.time_since_epoch().count(), now()}));
  for (const std::string_view table : {"registrations", "model_tags", "model_aliases"}) {
    SLIPWAY_CHECK(t.execute("UPDATE " + std::string(table) + " SET model = $2 WHERE model = $1",
                            {before.name, std::string(new_name)}));
  }
  SLIPWAY_CHECK(t.execute("DELETE FROM models WHERE name = $1", {before.name}));
  SLIPWAY_CHECK(record(t, new_name, "", "model.renamed", principal, R"({"from":)" + json_text(before.name) + "}"));
  return model(t, new_name);
}

Status ModelStore::hide_model(Transaction& t, std::string_view name, std::string_view principal) const {
  SLIPWAY_TRY(const Model before, model(t, name));
  SLIPWAY_CHECK(t.execute("DELETE FROM model_tags WHERE model = $1", {before.name}));
  SLIPWAY_CHECK(t.execute("UPDATE models SET is_hidden = 1, updated_at = $2 WHERE name = $1", {before.name, now()}));
  return record(t, name, "", "model.deleted", principal, "{}");
}

Result<Page<Model>> ModelStore::models(Transaction& t, const PageRequest& page) const {
  static const std::string kSql = select(kModelColumns, "FROM models WHERE name > $1 ORDER BY name LIMIT $2");
  SLIPWAY_CHECK(check_page_limit(page.limit));
  SLIPWAY_TRY(const std::string after, parse_page_token("models", page.token));
  if (!after.empty() && !check_model_name(after)) return invalid_page_token(page.token);
  SLIPWAY_TRY(const std::vector<Row> rows, t.query(kSql, {after, static_cast<std::int64_t>(page.limit) + 1}));
  Page<Model> found;
  for (const Row& row : rows) {
    if (found.items.size() == page.limit) {
      found.next_token = make_page_token("models", found.items.back().name);
      break;
    }
    SLIPWAY_TRY(found.items.emplace_back(), read_model(row));
  }
  return found;
}

Result<Model> ModelStore::describe_model(Transaction& t, std::string_view name, std::string_view description,
                                         std::string_view principal) const {
  SLIPWAY_CHECK(check_text("description", description, kDescriptionMax));
  SLIPWAY_CHECK(check_principal(principal));
  SLIPWAY_TRY(const Model before, model(t, name));
  if (before.description == description) return before;
  SLIPWAY_CHECK(t.execute("UPDATE models SET description = $2, updated_at = $3 WHERE name = $1",
                          {std::string(name), std::string(description), now()}));
  SLIPWAY_CHECK(record(t, name, "", "model.described", principal, "{}"));
  return model(t, name);
}

Result<Model> ModelStore::require_approvals(Transaction& t, std::string_view name, std::optional<std::int64_t> count,
                                            std::string_view principal) const {
  SLIPWAY_CHECK(check_principal(principal));
  if (count) SLIPWAY_CHECK(check_required(*count));
  SLIPWAY_CHECK(model(t, name));
  SLIPWAY_CHECK(t.execute("UPDATE models SET approvals_required = $2, updated_at = $3 WHERE name = $1",
                          {std::string(name), or_null(count), now()}));
  std::string detail;
  JsonWriter json(detail);
  json.begin_object().key("count");
  count ? json.value(*count) : json.null();
  json.end_object();
  SLIPWAY_CHECK(record(t, name, "", "model.approvals_required", principal, std::move(detail)));
  return model(t, name);
}

Result<std::int64_t> ModelStore::approvals_required_by_default(Transaction& t) const {
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query("SELECT value FROM registry_settings WHERE name = 'approvals_required'"));
  return rows.empty() ? 1 : rows[0].integer(0);
}

Status ModelStore::set_approvals_required_by_default(Transaction& t, std::int64_t count,
                                                     std::string_view principal) const {
  SLIPWAY_CHECK(check_required(count));
  SLIPWAY_CHECK(check_principal(principal));
  SLIPWAY_CHECK(
      t.execute("INSERT INTO registry_settings (name, value) VALUES ('approvals_required', $1) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                {count}));
  return record(t, "", "", "registry.approvals_required", principal, "{\"count\":" + std::to_string(count) + "}");
}

Result<std::int64_t> ModelStore::required_for(Transaction& t, std::string_view name) const {
  SLIPWAY_TRY(const Model found, model(t, name));
  if (found.approvals_required) return *found.approvals_required;
  return approvals_required_by_default(t);
}

Result<Page<RegistryEvent>> ModelStore::events(Transaction& t, std::string_view name, const PageRequest& page) const {
  static const std::string kSql =
      select(kEventColumns, "FROM registry_events WHERE model = $1 AND id > $2 ORDER BY id LIMIT $3");
  SLIPWAY_CHECK(check_page_limit(page.limit));
  SLIPWAY_TRY(const std::string after, parse_page_token("events", page.token));
  if (!after.empty() && !Id::parse(after)) return invalid_page_token(page.token);
  SLIPWAY_TRY(const std::vector<Row> rows,
              t.query(kSql, {std::string(name), after, static_cast<std::int64_t>(page.limit) + 1}));
  Page<RegistryEvent> found;
  for (const Row& row : rows) {
    if (found.items.size() == page.limit) {
      found.next_token = make_page_token("events", found.items.back().id);
      break;
    }
    SLIPWAY_TRY(found.items.emplace_back(), read_event(row));
  }
  return found;
}

}  // namespace slipway
