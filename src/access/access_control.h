// Issues, rotates and revokes keys, and keeps the snapshot that the request path reads in step with SQL.
//
// Thread-safe. Everything but snapshot() blocks; none of it belongs on an I/O thread. Who may call what is decided
// before.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access_snapshot.h"
#include "access/access_store.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/snapshot.h"

namespace slipway {

struct KeyRequest {
  std::string name;  // of the principal; made if there is none
  Grant grant;
  std::optional<std::int64_t> expires_in_days;
};

struct IssuedKey {
  KeyInfo info;
  Secret text;  // exists nowhere else
};

class AccessControl {
 public:
  static constexpr std::int64_t kExpiryDaysMax = 3650;
  static constexpr auto kGraceMax = std::chrono::hours(24 * 30);

  // Reads all keys. `database` outlives this.
  static Result<std::unique_ptr<AccessControl>> open(Database& database, const Clock& clock = system_clock(),
                                                     Random& random = system_random());

  // invalid_argument "access.bad_name", "access.bad_model", "access.bad_expiry".
  Result<IssuedKey> create_key(const KeyRequest& request, std::string_view by);
  // A new secret for the same key; the one so far works for `grace` more. invalid_argument "access.bad_grace",
  // not_found "access.key_not_found", failed_precondition "access.key_revoked".
  Result<IssuedKey> rotate_key(std::string_view id, std::chrono::minutes grace);
  // In force for all requests that begin after it returns. Ok if it is revoked already.
  Result<KeyInfo> revoke_key(std::string_view id, std::string_view by);
  Result<std::vector<KeyInfo>> list_keys();

  // A key gives no more than the role and model it was made for, so this widens none; it revives keys that a removed
  // grant had ended. Ok if the principal, made now if need be, holds it. "access.bad_name", "access.bad_model".
  Status add_grant(std::string_view principal_name, const Grant& grant, std::string_view by);
  // Keys that stand on it stop at once. not_found "access.grant_not_found".
  Status remove_grant(std::string_view principal_name, const Grant& grant);
  Result<std::vector<GrantInfo>> list_grants() { return store_.list_grants(); }
  // For people; "" where nobody has this id.
  Result<std::string> principal_name(std::string_view id) { return store_.principal_name(id); }

  // On the first start, when there is no principal: makes the principal "bootstrap" (admin) and writes its key to
  // `directory`/bootstrap.key, readable by the owner only. Returns the path, or nothing when there are principals.
  Result<std::optional<std::filesystem::path>> bootstrap(const std::filesystem::path& directory);

  // Takes over what other servers on the same database changed. Call it every few seconds.
  Status refresh();
  // Writes when keys were last used, to the minute. Call it every minute and at the end.
  Status flush_last_used();

  const SnapshotCell<AccessSnapshot>& snapshot() const noexcept { return snapshot_; }

 private:
  AccessControl(Database& database, const Clock& clock, Random& random);

  AccessStore store_;
  const Clock& clock_;
  Random& random_;
  SnapshotCell<AccessSnapshot> snapshot_;
  std::mutex mutex_;  // one refresh at a time, so that an older state never replaces a newer one
  std::map<std::string, std::shared_ptr<LastUsed>, std::less<>> last_used_;
  std::map<std::string, std::int64_t, std::less<>> flushed_;  // minutes written so far
};

}  // namespace slipway
