#include "access/access_store.h"

#include "base/bytes.h"
#include "base/id.h"

namespace slipway {
namespace {

std::int64_t micros(WallTime time) { return time.time_since_epoch().count(); }
WallTime from_micros(std::int64_t value) { return WallTime(std::chrono::microseconds(value)); }

SqlValue optional_time(const std::optional<WallTime>& time) {
  if (!time) return SqlNull{};
  return micros(*time);
}
std::optional<WallTime> time_at(const Row& row, std::size_t column) {
  const auto value = row.optional_integer(column);
  if (!value) return std::nullopt;
  return from_micros(*value);
}

Result<Grant> grant_at(const Row& row, std::size_t column) {
  const auto role = parse_role(row.text(column));
  if (!role)
    return fail(Code::kDataLoss, "access.unknown_role", "stored role " + quoted(row.text(column)) + " is unknown");
  return Grant{*role, row.text(column + 1)};
}

Result<Digest> digest_of(const std::string& hex) {
  if (const auto digest = Digest::parse(hex)) return *digest;
  return fail(Code::kDataLoss, "access.bad_digest", "a stored key digest is not 64 hexadecimal digits");
}

tl::unexpected<Error> no_such_key(std::string_view id) {
  return fail(Code::kNotFound, "access.key_not_found", "key " + quoted(id) + " does not exist");
}

// The id of the principal of this name, made now if need be.
Result<std::string> ensure_principal(Transaction& transaction, std::string_view name, WallTime now) {
  SLIPWAY_TRY(const auto known,
              transaction.query("SELECT id FROM access_principals WHERE name = $1", {std::string(name)}));
  if (!known.empty()) return known.front().text(0);
  std::string id = Id::make().to_string();
  SLIPWAY_CHECK(transaction
                    .execute("INSERT INTO access_principals (id, name, created_at) VALUES ($1, $2, $3)",
                             {id, std::string(name), micros(now)})
                    .map([](auto) {}));
  return id;
}

Status ensure_grant(Transaction& transaction, const std::string& principal_id, const Grant& grant, WallTime now,
                    std::string_view by) {
  return transaction
      .execute(
          "INSERT INTO access_grants (principal_id, role, model, created_at, created_by) VALUES ($1, $2, $3, $4, $5) "
          "ON CONFLICT (principal_id, role, model) DO NOTHING",
          {principal_id, std::string(to_string(grant.role)), grant.model, micros(now), std::string(by)})
      .map([](auto) {});
}

constexpr std::string_view kSelectInfo =
    "SELECT k.id, k.principal_id, p.name, k.role, k.model, k.created_at, k.created_by, k.expires_at, k.revoked_at, "
    "k.last_used_at FROM access_keys k JOIN access_principals p ON p.id = k.principal_id ";

Result<KeyInfo> info_of(const Row& row) {
  KeyInfo info;
  info.id = row.text(0);
  info.principal_id = row.text(1);
  info.name = row.text(2);
  SLIPWAY_TRY(info.grant, grant_at(row, 3));
  info.created = from_micros(row.integer(5));
  info.created_by = row.text(6);
  info.expires = time_at(row, 7);
  info.revoked = time_at(row, 8);
  info.last_used = time_at(row, 9);
  return info;
}

Result<KeyRow> key_row_of(const Row& row) {
  KeyRow key;
  key.id = row.text(0);
  SLIPWAY_TRY(key.digest, digest_of(row.text(1)));
  if (const auto previous = row.optional_text(2)) {
    SLIPWAY_TRY(key.previous_digest, digest_of(*previous));
    key.previous_until = from_micros(row.integer(3));
  }
  key.expires = time_at(row, 4);
  key.principal_id = row.text(5);
  key.name = row.text(6);
  SLIPWAY_TRY(key.grant, grant_at(row, 7));
  return key;
}

}  // namespace

Status AccessStore::insert_key(const NewKeyRow& key) {
  return database_->write([&](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const std::string principal_id, ensure_principal(transaction, key.name, key.now));
    SLIPWAY_CHECK(ensure_grant(transaction, principal_id, key.grant, key.now, key.created_by));
    SLIPWAY_TRY(
        const std::int64_t inserted,
        transaction.execute(
            "INSERT INTO access_keys (id, principal_id, role, model, digest, created_at, created_by, expires_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
            {key.id, principal_id, std::string(to_string(key.grant.role)), key.grant.model, key.digest.hex(),
             micros(key.now), key.created_by, optional_time(key.expires)}));
    if (inserted == 0) return fail(Code::kAlreadyExists, "access.key_exists", "key " + quoted(key.id) + " exists");
    return {};
  });
}

Status AccessStore::replace_digest(std::string_view id, const Digest& digest, WallTime previous_until) {
  return database_->write([&](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const auto rows,
                transaction.query("SELECT revoked_at FROM access_keys WHERE id = $1", {std::string(id)}));
    if (rows.empty()) return no_such_key(id);
    if (!rows.front().is_null(0)) {
      return fail(Code::kFailedPrecondition, "access.key_revoked",
                  "key " + quoted(id) + " is revoked; create a new one");
    }
    return transaction
        .execute("UPDATE access_keys SET previous_digest = digest, previous_until = $3, digest = $2 WHERE id = $1",
                 {std::string(id), digest.hex(), micros(previous_until)})
        .map([](auto) {});
  });
}

Status AccessStore::revoke_key(std::string_view id, WallTime now, std::string_view by) {
  return database_->write([&](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const auto rows,
                transaction.query("SELECT revoked_at FROM access_keys WHERE id = $1", {std::string(id)}));
    if (rows.empty()) return no_such_key(id);
    return transaction
        .execute("UPDATE access_keys SET revoked_at = $2, revoked_by = $3 WHERE id = $1 AND revoked_at IS NULL",
                 {std::string(id), micros(now), std::string(by)})
        .map([](auto) {});
  });
}

Status AccessStore::set_last_used(std::span<const std::pair<std::string, WallTime>> uses) {
  if (uses.empty()) return {};
  std::vector<SqlArguments> rows;
  for (const auto& [id, time] : uses) rows.push_back({id, micros(time)});
  return database_->write([&](Transaction& transaction) {
    return transaction.execute_batch(
        "UPDATE access_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)", rows);
  });
}

Result<KeyInfo> AccessStore::find_key(std::string_view id) {
  Result<KeyInfo> found = no_such_key(id);
  SLIPWAY_CHECK(database_->read([&](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const auto rows, transaction.query(std::string(kSelectInfo) + "WHERE k.id = $1", {std::string(id)}));
    if (!rows.empty()) found = info_of(rows.front());
    return {};
  }));
  return found;
}

Result<std::vector<KeyInfo>> AccessStore::list_keys() {
  std::vector<KeyInfo> keys;
  SLIPWAY_CHECK(database_->read([&](Transaction& transaction) -> Status {
    keys.clear();
    SLIPWAY_TRY(const auto rows, transaction.query(std::string(kSelectInfo) + "ORDER BY k.created_at, k.id"));
    for (const Row& row : rows) {
      SLIPWAY_TRY(KeyInfo info, info_of(row));
      keys.push_back(std::move(info));
    }
    return {};
  }));
  return keys;
}

Result<std::vector<GrantInfo>> AccessStore::list_grants() {
  std::vector<GrantInfo> grants;
  SLIPWAY_CHECK(database_->read([&](Transaction& transaction) -> Status {
    grants.clear();
    SLIPWAY_TRY(const auto rows,
                transaction.query("SELECT g.principal_id, p.name, g.role, g.model, g.created_at, g.created_by "
                                  "FROM access_grants g JOIN access_principals p ON p.id = g.principal_id "
                                  "ORDER BY p.name, g.role, g.model"));
    for (const Row& row : rows) {
      GrantInfo info{row.text(0), row.text(1), {}, from_micros(row.integer(4)), row.text(5)};
      SLIPWAY_TRY(info.grant, grant_at(row, 2));
      grants.push_back(std::move(info));
    }
    return {};
  }));
  return grants;
}

Result<std::string> AccessStore::principal_name(std::string_view id) {
  std::string name;
  SLIPWAY_CHECK(database_->read([&](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const auto rows,
                transaction.query("SELECT name FROM access_principals WHERE id = $1", {std::string(id)}));
    name = rows.empty() ? "" : rows.front().text(0);
    return {};
  }));
  return name;
}

Result<bool> AccessStore::has_principals() {
  bool has_any = false;
  SLIPWAY_CHECK(database_->read([&](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const auto rows, transaction.query("SELECT id FROM access_principals LIMIT 1"));
    has_any = !rows.empty();
    return {};
  }));
  return has_any;
}

Status AccessStore::add_grant(std::string_view principal_name, const Grant& grant, WallTime now, std::string_view by) {
  return database_->write([&](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const std::string principal_id, ensure_principal(transaction, principal_name, now));
    return ensure_grant(transaction, principal_id, grant, now, by);
  });
}

Status AccessStore::remove_grant(std::string_view principal_name, const Grant& grant) {
  return database_->write([&](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const std::int64_t removed,
                transaction.execute("DELETE FROM access_grants WHERE role = $2 AND model = $3 AND principal_id IN "
                                    "(SELECT id FROM access_principals WHERE name = $1)",
                                    {std::string(principal_name), std::string(to_string(grant.role)), grant.model}));
    if (removed > 0) return {};
    return fail(Code::kNotFound, "access.grant_not_found",
                "principal " + quoted(principal_name) + " does not hold the role " +
                    std::string(to_string(grant.role)) + " on model " + quoted(grant.model));
  });
}

Result<std::vector<KeyRow>> AccessStore::live_keys() {
  std::vector<KeyRow> keys;
  SLIPWAY_CHECK(database_->read([&](Transaction& transaction) -> Status {
    keys.clear();
    SLIPWAY_TRY(
        const auto rows,
        transaction.query("SELECT k.id, k.digest, k.previous_digest, k.previous_until, k.expires_at, k.principal_id, "
                          "p.name, k.role, k.model FROM access_keys k "
                          "JOIN access_principals p ON p.id = k.principal_id "
                          "JOIN access_grants g ON g.principal_id = k.principal_id AND g.role = k.role AND "
                          "(g.model = k.model OR g.model = '*') WHERE k.revoked_at IS NULL "
                          "GROUP BY k.id, k.digest, k.previous_digest, k.previous_until, k.expires_at, "
                          "k.principal_id, p.name, k.role, k.model ORDER BY k.id"));
    for (const Row& row : rows) {
      SLIPWAY_TRY(KeyRow key, key_row_of(row));
      keys.push_back(std::move(key));
    }
    return {};
  }));
  return keys;
}

}  // namespace slipway
