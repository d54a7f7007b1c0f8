// Principals, grants and keys in SQL. Stateless; thread-safe; all calls block.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/permission.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/result.h"
#include "storage/sql.h"

namespace slipway {

// One key as people see it: everything but its secret.
struct KeyInfo {
  std::string id;
  std::string principal_id;
  std::string name;  // of the principal
  Grant grant;       // the part of the principal's grants that this key gives
  WallTime created{};
  std::string created_by;
  std::optional<WallTime> expires;
  std::optional<WallTime> revoked;
  std::optional<WallTime> last_used;
};

// What a principal holds; its keys give parts of it.
struct GrantInfo {
  std::string principal_id;
  std::string name;
  Grant grant;
  WallTime created{};
  std::string created_by;
};

// What a snapshot needs of one key.
struct KeyRow {
  std::string id;
  Digest digest;
  std::optional<Digest> previous_digest;
  WallTime previous_until{};
  std::optional<WallTime> expires;
  std::string principal_id;
  std::string name;
  Grant grant;
};

struct NewKeyRow {
  std::string id;
  Digest digest;
  std::string name;
  Grant grant;
  WallTime now{};
  std::optional<WallTime> expires;
  std::string created_by;
};

class AccessStore {
 public:
  explicit AccessStore(Database& database) : database_(&database) {}

  // Adds the principal and the grant where they are missing. already_exists "access.key_exists" on a taken id.
  Status insert_key(const NewKeyRow& key);
  // not_found "access.key_not_found"; failed_precondition "access.key_revoked". The secret so far stays valid until
  // `previous_until`.
  Status replace_digest(std::string_view id, const Digest& digest, WallTime previous_until);
  // Ok on a key that is already revoked. not_found "access.key_not_found".
  Status revoke_key(std::string_view id, WallTime now, std::string_view by);
  Status set_last_used(std::span<const std::pair<std::string, WallTime>> uses);

  Result<KeyInfo> find_key(std::string_view id);
  Result<std::vector<KeyInfo>> list_keys();  // in the order of creation
  Result<bool> has_principals();
  Result<std::vector<GrantInfo>> list_grants();  // by name, role and model
  // "" where no principal has this id.
  Result<std::string> principal_name(std::string_view id);

  Status add_grant(std::string_view principal_name, const Grant& grant, WallTime now, std::string_view by);
  // Keys that give it stop working. not_found "access.grant_not_found".
  Status remove_grant(std::string_view principal_name, const Grant& grant);

  // Keys that are not revoked and whose grant their principal still holds.
  Result<std::vector<KeyRow>> live_keys();

 private:
  Database* database_;
};

}  // namespace slipway
