// The approved versions and what becomes of them on this server: asked for and changed by protocol dialects.
//
// Approval decides what may be served, this decides what is: an unloaded version stays approved and can be loaded
// again. The wish is kept, so that it outlives the server and reaches the others that share its database.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway {

enum class ServingState : std::uint8_t {
  kReady,
  kLoading,
  kUnloading,    // no longer chosen, but requests still run on it
  kUnavailable,  // unloaded, could not be loaded, or waits for its first request: the reason says which
};
std::string_view to_string(ServingState state) noexcept;  // "READY", …

struct RepositoryEntry {
  std::string model;
  std::string version;  // semantic version
  ServingState state = ServingState::kUnavailable;
  std::string reason;  // "" when ready
};

// One version, or all approved ones of the model.
struct RepositoryTarget {
  std::string model;
  std::string version;  // "1.2.3", the integer or a label; "" for all
};

class Repository {
 public:
  virtual ~Repository() = default;

  // By model and ascending version. Does not block; thread-safe.
  virtual std::shared_ptr<const std::vector<RepositoryEntry>> index() const = 0;

  // Blocks until the versions answer or cannot be loaded: for threads that may wait. `is_pinned`: stays in memory
  // whatever the limit of it. Errors: not_found "model.not_found", "model.version_not_approved"; unavailable
  // "serving.load_failed", "serving.loading" when it takes longer than the server waits; those of storage/sql.h.
  virtual Status load(const RepositoryTarget& target, bool is_pinned, std::string_view principal) = 0;

  // Returns when no new request is given to the versions; requests that run on them finish. The errors of load() but
  // for those of loading.
  virtual Status unload(const RepositoryTarget& target, std::string_view principal) = 0;
};

}  // namespace slipway
