// What people want of approved versions: served (the default), pinned in memory, or unloaded. Kept in SQL, so that it
// outlives the server and reaches the others that share its database.
//
// Inside the caller's transaction; stateless but for its clock. Errors: those of storage/sql.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "storage/sql.h"

namespace slipway {

enum class ServingWish : std::uint8_t { kServed, kPinned, kUnloaded };

class ServingWishes {
 public:
  explicit ServingWishes(const Clock& clock = system_clock()) : clock_(&clock) {}

  Status set(Transaction& t, const std::string& version_id, ServingWish wish, std::string_view author) const;
  Result<std::map<std::string, ServingWish>> all(Transaction& t) const;  // by version id; the others are served

 private:
  const Clock* clock_;
};

}  // namespace slipway
