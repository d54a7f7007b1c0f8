// Requests that failed for good: listed, shown, dropped. Asking them again is in async/replay.h.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "async/async_store.h"
#include "registry/page.h"

namespace slipway {

// Which models a caller may see.
using MayModel = std::function<bool(std::string_view model)>;

class DeadLetters {
 public:
  // Newest first, of one model or of all (""), as far as `may` allows.
  Result<Page<AsyncRequest>> list(Transaction& t, std::string_view model, const MayModel& may,
                                  const PageRequest& page) const;
  // Also one that was replayed. not_found "deadletter.not_found" where it never was one.
  Result<AsyncRequest> find(Transaction& t, std::string_view id, const MayModel& may) const;
  // Its payload's object is the caller's to remove. failed_precondition "deadletter.not_dead".
  Result<StoredPayload> drop(Transaction& t, std::string_view id, const MayModel& may) const;
};

// Up to `limit` of one model, or of all (""), newest first, of ids below `before` ("": from the newest).
Result<std::vector<AsyncRequest>> dead_before(Transaction& t, std::string_view model, std::string_view before,
                                              std::size_t limit);

}  // namespace slipway
