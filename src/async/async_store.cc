#include "async/async_store.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::array<std::string_view, 4> kStates{"queued", "running", "succeeded", "dead"};
constexpr std::size_t kMessageBytesMax = 4'096;

std::int64_t micros(WallTime time) { return time.time_since_epoch().count(); }
WallTime time_of(std::int64_t micros) { return WallTime{std::chrono::microseconds{micros}}; }

AsyncAttempt read_attempt(const Row& row, std::size_t at) {
  return {.number = row.integer(at),
          .version = row.text(at + 1),
          .started_at = time_of(row.integer(at + 2)),
          .ended_at = time_of(row.integer(at + 3)),
          .code = static_cast<Code>(row.integer(at + 4)),
          .reason = row.text(at + 5),
          .message = row.text(at + 6),
          .record = row.text(at + 7)};
}

// What a model's library says may hold anything.
std::string kept_message(const std::string& message) {
  std::string kept;
  for (const char c : message.substr(0, kMessageBytesMax)) kept += c == '\0' ? ' ' : c;
  while (!kept.empty() && !is_utf8(kept)) kept.pop_back();  // cut inside a character, or no text at all
  return kept;
}

Status check_key(std::string_view key) {
  const bool is_printable = std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (key.size() <= AsyncStore::kKeyBytesMax && is_printable) return {};
  return fail(Code::kInvalidArgument, "async.invalid_key",
              "the idempotency key " + quoted(key) + " is not 1 to 255 printable ASCII characters");
}

}  // namespace

std::string_view to_string(AsyncState state) noexcept { return kStates[static_cast<std::size_t>(state)]; }

std::optional<AsyncState> parse_async_state(std::string_view text) noexcept {
  const auto* const found = std::find(kStates.begin(), kStates.end(), text);
  if (found == kStates.end()) return std::nullopt;
  return static_cast<AsyncState>(found - kStates.begin());
}

std::string select_async(std::string_view rest) {
  return std::string("SELECT ").append(kAsyncColumns).append(kAsyncTables).append(rest);
}

Result<AsyncRequest> read_async(const Row& row) {
  const auto bundle = Digest::parse(row.text(4));
  const auto state = parse_async_state(row.text(5));
  if (!bundle || !state) {
    return fail(Code::kDataLoss, "async.altered", "request " + quoted(row.text(0)) + " holds what is never written");
  }
  AsyncRequest request{.id = row.text(0),
                       .principal = row.text(1),
                       .target = {row.text(2), row.text(3), *bundle},
                       .state = *state,
                       .attempts = row.integer(6),
                       .replays = row.integer(7),
                       .created_at = time_of(row.integer(8)),
                       .queued_at = time_of(row.integer(9)),
                       .settled_at = {},
                       .last = {}};
  if (const auto settled = row.optional_integer(10)) request.settled_at = time_of(*settled);
  if (!row.is_null(11)) request.last = read_attempt(row, 11);
  return request;
}

Result<std::int64_t> AsyncStore::waiting(Transaction& t, std::int64_t limit) const {
  SLIPWAY_TRY(const auto rows, t.query("SELECT COUNT(*) FROM (SELECT 1 FROM async_requests "
                                       "WHERE state IN ('queued', 'running') LIMIT $1) AS counted",
                                       {limit}));
  return rows.at(0).integer(0);
}

Result<std::optional<AsyncRequest>> AsyncStore::find_known(Transaction& t, const AsyncSubmission& submission) const {
  if (submission.idempotency_key.empty()) return std::nullopt;
  SLIPWAY_CHECK(check_key(submission.idempotency_key));
  SLIPWAY_TRY(const auto earlier, t.query("SELECT id, fingerprint FROM async_requests "
                                          "WHERE principal = $1 AND idempotency_key = $2",
                                          {submission.principal, submission.idempotency_key}));
  if (earlier.empty()) return std::nullopt;
  if (earlier[0].text(1) != submission.fingerprint.hex()) {
    return fail(Code::kAlreadyExists, "async.key_reused",
                "the idempotency key " + quoted(std::string_view(submission.idempotency_key)) +
                    " stands for another request, " + earlier[0].text(0));
  }
  return find(t, earlier[0].text(0));
}

Result<AsyncRequest> AsyncStore::add(Transaction& t, const AsyncSubmission& submission) const {
  SLIPWAY_TRY(auto known, find_known(t, submission));
  if (known) return *std::move(known);
  const std::int64_t now = micros(clock_->now());
  const SqlValue key = submission.idempotency_key.empty() ? SqlValue(SqlNull{}) : SqlValue(submission.idempotency_key);
  SLIPWAY_CHECK(
      t.execute("INSERT INTO async_requests (id, principal, idempotency_key, fingerprint, model, version, bundle, "
                "state, due_at, fence, attempts, replay, replays, created_at, queued_at, started_at, settled_at) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, 'queued', $8, 0, 0, NULL, 0, $8, $8, 0, NULL)",
                {submission.id, submission.principal, key, submission.fingerprint.hex(), submission.target.model,
                 submission.target.version, submission.target.bundle.hex(), now}));
  SLIPWAY_CHECK(insert_payload(t, submission.id, kRequestPayload, submission.request));
  return find(t, submission.id);
}

Result<AsyncRequest> AsyncStore::find(Transaction& t, std::string_view id) const {
  static const std::string kSql = select_async("WHERE r.id = $1");
  SLIPWAY_TRY(const auto rows, t.query(kSql, {std::string(id)}));
  if (rows.empty()) return not_found(id);
  return read_async(rows[0]);
}

tl::unexpected<Error> AsyncStore::not_found(std::string_view id) {
  return fail(Code::kNotFound, "async.not_found",
              "request " + quoted(id) + " does not exist, is not yours, or was forgotten");
}

Result<std::vector<AsyncAttempt>> AsyncStore::attempts(Transaction& t, std::string_view id) const {
  SLIPWAY_TRY(const auto rows, t.query("SELECT number, version, started_at, ended_at, code, reason, message, record "
                                       "FROM async_attempts WHERE request = $1 ORDER BY number",
                                       {std::string(id)}));
  std::vector<AsyncAttempt> found;
  found.reserve(rows.size());
  for (const Row& row : rows) found.push_back(read_attempt(row, 0));
  return found;
}

Result<AsyncCounts> AsyncStore::counts(Transaction& t) const {
  AsyncCounts counts;
  SLIPWAY_TRY(const auto waiting, t.query("SELECT state, COUNT(*), MIN(queued_at) FROM async_requests "
                                          "WHERE state IN ('queued', 'running') GROUP BY state"));
  for (const Row& row : waiting) {
    (row.text(0) == "queued" ? counts.queued : counts.running) = row.integer(1);
    const WallTime oldest = time_of(row.integer(2));
    counts.oldest = std::min(counts.oldest.value_or(oldest), oldest);
  }
  SLIPWAY_TRY(const auto dead, t.query("SELECT COUNT(*) FROM async_requests WHERE state = 'dead'"));
  counts.dead = dead.at(0).integer(0);
  return counts;
}

Result<std::vector<StoredPayload>> AsyncStore::forget(Transaction& t, AsyncState state, WallTime settled_before,
                                                      std::int64_t limit) const {
  SLIPWAY_TRY(const auto rows, t.query("SELECT id FROM async_requests WHERE state = $1 AND settled_at < $2 "
                                       "ORDER BY settled_at LIMIT $3",
                                       {std::string(to_string(state)), micros(settled_before), limit}));
  std::vector<StoredPayload> forgotten;
  for (const Row& row : rows) {
    for (const std::string_view kind : {kRequestPayload, kAnswerPayload}) {
      auto payload = read_payload(t, row.text(0), kind);
      if (!payload && payload.error().code != Code::kNotFound) return fail(payload.error());
      if (payload) forgotten.push_back({{}, {}, payload->object_key});
    }
    SLIPWAY_CHECK(t.execute("DELETE FROM async_requests WHERE id = $1", {row.text(0)}));
  }
  SLIPWAY_CHECK(
      t.execute("DELETE FROM async_replays WHERE created_at < $1 "
                "AND NOT EXISTS (SELECT 1 FROM async_requests r WHERE r.replay = async_replays.id)",
                {micros(settled_before)}));
  return forgotten;
}

Status insert_attempt(Transaction& t, std::string_view request, const AsyncAttempt& attempt) {
  SLIPWAY_CHECK(t.execute(
      "INSERT INTO async_attempts (request, number, version, started_at, ended_at, code, reason, message, record) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {std::string(request), attempt.number, attempt.version, micros(attempt.started_at), micros(attempt.ended_at),
       static_cast<std::int64_t>(attempt.code), attempt.reason, kept_message(attempt.message), attempt.record}));
  return {};
}

}  // namespace slipway
