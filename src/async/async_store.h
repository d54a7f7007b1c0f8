// Predictions that are answered later, in SQL: accepted, looked up, forgotten.
//
// Every function works inside the caller's transaction. Stateless but for its clock; shared by all threads. Who runs
// them is in async/lease.h, those that failed for good are in async/dead_letters.h.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/async_request.h"
#include "async/payload.h"
#include "base/clock.h"
#include "base/result.h"
#include "storage/sql.h"

namespace slipway {

struct AsyncSubmission {
  std::string id;
  std::string principal;
  std::string idempotency_key;  // "": none
  Digest fingerprint;           // of what was asked: the same key must not stand for two questions
  AsyncTarget target;
  StoredPayload request;
};

struct AsyncCounts {
  std::int64_t queued = 0;
  std::int64_t running = 0;
  std::int64_t dead = 0;
  std::optional<WallTime> oldest;  // when the longest waiting was queued
};

class AsyncStore {
 public:
  static constexpr std::size_t kKeyBytesMax = 255;

  explicit AsyncStore(const Clock& clock = system_clock()) : clock_(&clock) {}

  // How many wait or run, counted up to `limit`.
  Result<std::int64_t> waiting(Transaction& t, std::int64_t limit) const;
  // The principal's request with the same key. The errors of add().
  Result<std::optional<AsyncRequest>> find_known(Transaction& t, const AsyncSubmission& submission) const;
  // The principal's request with the same key where there is one: its id is then another than the submission's.
  // already_exists "async.key_reused" where that asked something else; invalid_argument "async.invalid_key".
  Result<AsyncRequest> add(Transaction& t, const AsyncSubmission& submission) const;
  Result<AsyncRequest> find(Transaction& t, std::string_view id) const;  // not_found "async.not_found"
  static tl::unexpected<Error> not_found(std::string_view id);
  Result<std::vector<AsyncAttempt>> attempts(Transaction& t, std::string_view id) const;  // oldest first
  Result<AsyncCounts> counts(Transaction& t) const;
  // Forgets up to `limit` that were settled in this state before; their payloads, whose objects are the caller's to
  // remove.
  Result<std::vector<StoredPayload>> forget(Transaction& t, AsyncState state, WallTime settled_before,
                                            std::int64_t limit) const;

 private:
  const Clock* clock_;
};

Status insert_attempt(Transaction& t, std::string_view request, const AsyncAttempt& attempt);

// The columns of an AsyncRequest, of `async_requests r` and its newest attempt `a`.
constexpr std::string_view kAsyncColumns =
    "r.id, r.principal, r.model, r.version, r.bundle, r.state, r.attempts, r.replays, r.created_at, r.queued_at, "
    "r.settled_at, a.number, a.version, a.started_at, a.ended_at, a.code, a.reason, a.message, a.record";
constexpr std::string_view kAsyncTables =
    " FROM async_requests r LEFT JOIN async_attempts a ON a.request = r.id AND a.number = "
    "(SELECT MAX(b.number) FROM async_attempts b WHERE b.request = r.id) ";
// "SELECT columns FROM tables " + rest.
std::string select_async(std::string_view rest);
Result<AsyncRequest> read_async(const Row& row);  // data_loss "async.altered"

}  // namespace slipway
