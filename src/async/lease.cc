#include "async/lease.h"

#include <map>

namespace slipway {
namespace {

std::int64_t micros(WallTime time) { return time.time_since_epoch().count(); }
WallTime time_of(std::int64_t micros) { return WallTime{std::chrono::microseconds{micros}}; }

constexpr std::string_view kDue =
    "LEFT JOIN async_replays p ON p.id = r.replay "
    "WHERE r.state IN ('queued', 'running') AND r.due_at <= $1 AND (p.id IS NULL OR p.next_at <= $1) ";

struct Candidate {
  std::string id;
  std::int64_t fence = 0;
  WallTime started_at{};
  std::string replay;  // "": none
  WallTime next_at{};
  std::chrono::microseconds gap{0};
};

Result<std::vector<Candidate>> candidates(Transaction& t, WallTime now, std::size_t count) {
  static const std::string kSql =
      std::string("SELECT r.id, r.fence, r.started_at, p.id, p.next_at, p.gap_us FROM async_requests r ")
          .append(kDue)
          .append("ORDER BY r.due_at, r.id LIMIT $2");
  SLIPWAY_TRY(const auto rows, t.query(kSql, {micros(now), static_cast<std::int64_t>(count)}));
  std::vector<Candidate> found;
  for (const Row& row : rows) {
    Candidate& one = found.emplace_back();
    one.id = row.text(0);
    one.fence = row.integer(1);
    one.started_at = time_of(row.integer(2));
    if (row.is_null(3)) continue;
    one.replay = row.text(3);
    one.next_at = time_of(row.integer(4));
    one.gap = std::chrono::microseconds(row.integer(5));
  }
  return found;
}

// The newest attempt ended without a word.
Status note_interrupted(Transaction& t, const AsyncRequest& request, const Candidate& found, WallTime now) {
  return insert_attempt(t, request.id,
                        {.number = found.fence,
                         .version = request.target.version,
                         .started_at = found.started_at,
                         .ended_at = now,
                         .code = Code::kUnavailable,
                         .reason = "async.interrupted",
                         .message = "the server that ran it stopped before it had an answer",
                         .record = ""});
}

Status bury(Transaction& t, const std::string& id, WallTime now) {
  SLIPWAY_CHECK(t.execute("UPDATE async_requests SET state = 'dead', fence = fence + 1, settled_at = $2 WHERE id = $1",
                          {id, micros(now)}));
  return {};
}

Result<AsyncLease> take(Transaction& t, AsyncRequest request, const Candidate& found, WallTime now, WallTime until) {
  SLIPWAY_CHECK(
      t.execute("UPDATE async_requests SET state = 'running', fence = fence + 1, attempts = attempts + 1, "
                "due_at = $2, started_at = $3 WHERE id = $1",
                {found.id, micros(until), micros(now)}));
  AsyncLease lease;
  SLIPWAY_TRY(lease.payload, read_payload(t, found.id, kRequestPayload));
  lease.request = std::move(request);
  lease.request.state = AsyncState::kRunning;
  ++lease.request.attempts;
  lease.fence = found.fence + 1;
  lease.started_at = now;
  return lease;
}

}  // namespace

Result<bool> has_due(Transaction& t, WallTime now) {
  static const std::string kSql = std::string("SELECT 1 FROM async_requests r ").append(kDue).append("LIMIT 1");
  SLIPWAY_TRY(const auto rows, t.query(kSql, {micros(now)}));
  return !rows.empty();
}

Result<AsyncTaken> take_due(Transaction& t, WallTime now, const AsyncLimits& limits, std::size_t count) {
  SLIPWAY_TRY(const auto found, candidates(t, now, count));
  AsyncTaken taken;
  std::map<std::string, WallTime> turns;  // of replays
  for (const Candidate& one : found) {
    if (!one.replay.empty()) {
      WallTime& turn = turns.try_emplace(one.replay, one.next_at).first->second;
      const auto next = take_turn(turn, one.gap, now);
      if (!next) continue;
      turn = *next;
    }
    SLIPWAY_TRY(AsyncRequest request, AsyncStore().find(t, one.id));
    if (request.state == AsyncState::kRunning) {
      SLIPWAY_CHECK(note_interrupted(t, request, one, now));
      ++taken.interrupted;
      if (request.attempts >= limits.attempts_max) {
        SLIPWAY_CHECK(bury(t, one.id, now));
        taken.dead.push_back(one.id);
        continue;
      }
    }
    SLIPWAY_TRY(taken.leases.emplace_back(), take(t, std::move(request), one, now, now + limits.lease));
  }
  for (const auto& [replay, turn] : turns) {
    SLIPWAY_CHECK(t.execute("UPDATE async_replays SET next_at = $2 WHERE id = $1", {replay, micros(turn)}));
  }
  return taken;
}

Status prolong(Transaction& t, std::span<const AsyncLease> leases, WallTime until) {
  std::vector<SqlArguments> rows;
  rows.reserve(leases.size());
  for (const AsyncLease& lease : leases) rows.push_back({lease.request.id, lease.fence, micros(until)});
  return t.execute_batch("UPDATE async_requests SET due_at = $3 WHERE id = $1 AND fence = $2 AND state = 'running'",
                         rows);
}

Result<bool> settle(Transaction& t, const AsyncLease& lease, const AsyncAttempt& attempt, const AsyncVerdict& verdict,
                    const std::optional<StoredPayload>& answer) {
  const std::string& id = lease.request.id;
  const bool is_settled = verdict.state != AsyncState::kQueued;
  SLIPWAY_TRY(const std::int64_t changed,
              t.execute("UPDATE async_requests SET state = $3, due_at = $4, settled_at = $5 "
                        "WHERE id = $1 AND fence = $2 AND state = 'running'",
                        {id, lease.fence, std::string(to_string(verdict.state)), micros(verdict.due_at),
                         is_settled ? SqlValue(micros(attempt.ended_at)) : SqlValue(SqlNull{})}));
  if (changed == 0) return false;
  SLIPWAY_CHECK(insert_attempt(t, id, attempt));
  if (answer) SLIPWAY_CHECK(insert_payload(t, id, kAnswerPayload, *answer));
  return true;
}

Status give_back(Transaction& t, const AsyncLease& lease, WallTime now) {
  SLIPWAY_CHECK(
      t.execute("UPDATE async_requests SET state = 'queued', due_at = $3, attempts = attempts - 1 "
                "WHERE id = $1 AND fence = $2 AND state = 'running'",
                {lease.request.id, lease.fence, micros(now)}));
  return {};
}

}  // namespace slipway
