// Who runs a request: one server at a time, found by itself again when that server dies.
//
// Whoever takes a request holds it until its lease ends, and prolongs that while alive. Each taker has a higher fence,
// and only the last may settle: the state, the attempt and the answer are written in one transaction under that
// condition, so that a request has one answer at most, however often it was run. All functions work in the caller's
// transaction.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "async/async_store.h"
#include "async/verdict.h"

namespace slipway {

struct AsyncLease {
  AsyncRequest request;
  StoredPayload payload;
  std::int64_t fence = 0;
  WallTime started_at{};
};

struct AsyncTaken {
  std::vector<AsyncLease> leases;
  std::int64_t interrupted = 0;   // runs that another server had begun and will not finish
  std::vector<std::string> dead;  // of those, the ids that have no attempt left
};

// Is there anything to take?
Result<bool> has_due(Transaction& t, WallTime now);

// Takes up to `count`, the longest due first. A request that was interrupted in its last attempt becomes a dead letter
// instead: it may be what kills servers.
Result<AsyncTaken> take_due(Transaction& t, WallTime now, const AsyncLimits& limits, std::size_t count);

Status prolong(Transaction& t, std::span<const AsyncLease> leases, WallTime until);

// `answer`: of a verdict of success. False where another took it meanwhile: nothing is written.
Result<bool> settle(Transaction& t, const AsyncLease& lease, const AsyncAttempt& attempt, const AsyncVerdict& verdict,
                    const std::optional<StoredPayload>& answer);

// Lets another take it at once, as if it had not been taken.
Status give_back(Transaction& t, const AsyncLease& lease, WallTime now);

}  // namespace slipway
