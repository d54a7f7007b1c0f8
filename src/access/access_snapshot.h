// All keys that work now, immutable and in memory, for the request path.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "access/permission.h"
#include "base/clock.h"
#include "base/digest.h"

namespace slipway {

// When a key was last used, in minutes since 1970: written at most once a minute, by whichever thread comes first.
using LastUsed = std::atomic<std::int64_t>;

struct LiveKey {
  std::uint64_t id = 0;
  Digest digest;
  std::optional<Digest> previous_digest;  // of the secret before the last rotation
  WallTime previous_until{};
  WallTime expires = WallTime::max();
  std::shared_ptr<const Principal> principal;  // with what this key may do
  std::shared_ptr<LastUsed> last_used;         // shared by all snapshots
};

enum class KeyRefusal : std::uint8_t { kNone, kUnknown, kExpired };

struct Authentication {
  const LiveKey* key = nullptr;  // null: refused; else valid as long as the snapshot
  KeyRefusal refusal = KeyRefusal::kNone;
};

class AccessSnapshot {
 public:
  // Precondition: ids are unique; principal and last_used are set (asserts).
  explicit AccessSnapshot(std::vector<LiveKey> keys);

  // Allocates nothing; one SHA-256 and one probe of a hash table. A key with the wrong secret is unknown, so that
  // nobody learns which ids exist.
  Authentication authenticate(std::string_view key, WallTime now) const noexcept;

  const std::vector<LiveKey>& keys() const noexcept { return keys_; }

 private:
  const LiveKey* find(std::uint64_t id) const noexcept;

  std::vector<LiveKey> keys_;
  std::vector<std::uint32_t> slots_;  // open addressing by id, which is random; position in keys_ plus 1, 0: empty
};

}  // namespace slipway
