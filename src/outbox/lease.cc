#include "outbox/lease.h"

namespace slipway {
namespace {

std::int64_t micros(WallTime time) { return time.time_since_epoch().count(); }

}  // namespace

Result<std::vector<std::string>> due_targets(Transaction& t, WallTime now, std::size_t limit) {
  SLIPWAY_TRY(const auto rows,
              t.query("SELECT l.target FROM outbox_leases l LEFT JOIN webhooks w ON w.id = l.target "
                      "WHERE l.leased_until <= $1 AND l.retry_at <= $1 AND (w.id IS NULL OR w.is_active = 1) "
                      "AND EXISTS (SELECT 1 FROM outbox o WHERE o.target = l.target AND o.state = 'waiting') "
                      "ORDER BY l.retry_at, l.target LIMIT $2",
                      {micros(now), static_cast<std::int64_t>(limit)}));
  std::vector<std::string> targets;
  for (const Row& row : rows) targets.push_back(row.text(0));
  return targets;
}

Result<std::optional<Lease>> take_lease(Transaction& t, const std::string& target, WallTime now, WallTime until) {
  SLIPWAY_TRY(const auto rows, t.query("UPDATE outbox_leases SET fence = fence + 1, leased_until = $3 "
                                       "WHERE target = $1 AND leased_until <= $2 AND retry_at <= $2 "
                                       "RETURNING fence, failures",
                                       {target, micros(now), micros(until)}));
  if (rows.empty()) return std::nullopt;
  return Lease{target, rows[0].integer(0), rows[0].integer(1)};
}

Result<std::optional<Delivery>> next_delivery(Transaction& t, const std::string& target) {
  static const std::string kSql = "SELECT " + std::string(kDeliveryColumns) +
                                  " FROM outbox WHERE target = $1 AND state = 'waiting' ORDER BY id LIMIT 1";
  SLIPWAY_TRY(const auto rows, t.query(kSql, {target}));
  if (rows.empty()) return std::nullopt;
  SLIPWAY_TRY(Delivery delivery, read_delivery(rows[0]));
  return delivery;
}

Result<std::optional<WebhookAddress>> webhook_address(Transaction& t, const std::string& id) {
  SLIPWAY_TRY(const auto rows, t.query("SELECT url, secret FROM webhooks WHERE id = $1 AND is_active = 1", {id}));
  if (rows.empty()) return std::nullopt;
  return WebhookAddress{rows[0].text(0), Secret(rows[0].text(1))};
}

Status settle(Transaction& t, const Lease& lease, const Delivery& delivery, const DeliveryAttempt& attempt,
              const Verdict& verdict, const DeliveryLimits& limits, WallTime now, WallTime until) {
  SLIPWAY_TRY(const std::int64_t kept,
              t.execute("UPDATE outbox_leases SET leased_until = $3, retry_at = $4, failures = $5 "
                        "WHERE target = $1 AND fence = $2",
                        {lease.target, lease.fence, micros(until), micros(verdict.retry_at), verdict.failures}));
  if (kept == 0) {
    return fail(Code::kAborted, "outbox.lease_lost",
                "another node sends to " + lease.target + " by now, and will send " + delivery.id + " again");
  }
  SLIPWAY_TRY(const auto numbers, t.query("SELECT COUNT(*) FROM outbox_attempts WHERE delivery = $1", {delivery.id}));
  SLIPWAY_CHECK(
      t.execute("INSERT INTO outbox_attempts (delivery, number, started_at, latency_us, http_status, error) "
                "VALUES ($1, $2, $3, $4, $5, $6)",
                {delivery.id, numbers.at(0).integer(0) + 1, micros(attempt.started_at), attempt.latency_us,
                 attempt.http_status, attempt.error}));
  const bool is_settled = verdict.state != DeliveryState::kWaiting;
  SLIPWAY_CHECK(t.execute(
      "UPDATE outbox SET state = $2, attempts = attempts + 1, settled_at = $3 WHERE id = $1",
      {delivery.id, std::string(to_string(verdict.state)), is_settled ? SqlValue(micros(now)) : SqlValue(SqlNull{})}));
  if (verdict.state == DeliveryState::kDelivered) return {};
  SLIPWAY_CHECK(
      t.execute("UPDATE outbox SET state = 'dead', settled_at = $2 "
                "WHERE target = $1 AND state = 'waiting' AND created_at <= $3",
                {lease.target, micros(now), micros(now - limits.age_max)}));
  return {};
}

Status give_up_lease(Transaction& t, const Lease& lease) {
  SLIPWAY_CHECK(t.execute("UPDATE outbox_leases SET leased_until = 0 WHERE target = $1 AND fence = $2",
                          {lease.target, lease.fence}));
  return {};
}

}  // namespace slipway
