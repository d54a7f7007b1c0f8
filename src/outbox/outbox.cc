#include "outbox/outbox.h"

#include "base/bytes.h"
#include "base/id.h"

namespace slipway {
namespace {

constexpr std::string_view kStates[] = {"waiting", "delivered", "dead"};
constexpr std::string_view kAboveEveryId = "g";  // ids begin with a hexadecimal digit

WallTime time_of(std::int64_t micros) { return WallTime{std::chrono::microseconds{micros}}; }

}  // namespace

std::string_view to_string(DeliveryState state) noexcept { return kStates[static_cast<std::size_t>(state)]; }

std::optional<DeliveryState> parse_delivery_state(std::string_view text) noexcept {
  for (const DeliveryState state : {DeliveryState::kWaiting, DeliveryState::kDelivered, DeliveryState::kDead}) {
    if (to_string(state) == text) return state;
  }
  return std::nullopt;
}

Result<Delivery> read_delivery(const Row& row) {
  const auto state = parse_delivery_state(row.text(4));
  if (!state) return fail(Code::kDataLoss, "outbox.altered", "the outbox holds the state " + quoted(row.text(4)));
  Delivery delivery{row.text(0), row.text(1), row.text(2), row.text(3), *state, row.integer(5), time_of(row.integer(6)),
                    std::nullopt};
  if (const auto settled = row.optional_integer(7)) delivery.settled_at = time_of(*settled);
  return delivery;
}

Status set_openlineage(Transaction& t, bool is_on) {
  const SqlArguments target{std::string(kOpenLineageTarget)};
  if (!is_on) {
    SLIPWAY_CHECK(t.execute("DELETE FROM outbox_leases WHERE target = $1", target));
    SLIPWAY_CHECK(t.execute("DELETE FROM operator_targets WHERE target = $1", target));
    return {};
  }
  SLIPWAY_CHECK(t.execute("INSERT INTO operator_targets (target) VALUES ($1) ON CONFLICT (target) DO NOTHING", target));
  SLIPWAY_CHECK(
      t.execute("INSERT INTO outbox_leases (target, fence, leased_until, retry_at, failures) VALUES ($1, 0, 0, 0, 0) "
                "ON CONFLICT (target) DO NOTHING",
                target));
  return {};
}

Result<bool> has_openlineage(Transaction& t) {
  SLIPWAY_TRY(const auto rows,
              t.query("SELECT target FROM operator_targets WHERE target = $1", {std::string(kOpenLineageTarget)}));
  return !rows.empty();
}

Result<std::string> Outbox::add(Transaction& t, const OutboxMessage& message) const {
  std::string id = Id::make(*clock_, *random_).to_string();
  SLIPWAY_CHECK(
      t.execute("INSERT INTO outbox (id, target, event, body, state, attempts, created_at, settled_at) "
                "VALUES ($1, $2, $3, $4, 'waiting', 0, $5, NULL)",
                {id, std::string(message.target), std::string(message.event), std::string(message.body),
                 clock_->now().time_since_epoch().count()}));
  return id;
}

Result<std::vector<Delivery>> Outbox::list(Transaction& t, std::string_view target, std::optional<DeliveryState> state,
                                           std::string_view before, std::size_t limit) const {
  static const std::string kSelect = "SELECT " + std::string(kDeliveryColumns) + " FROM outbox WHERE target = $1 ";
  static const std::string kAll = kSelect + "AND id < $2 ORDER BY id DESC LIMIT $3";
  static const std::string kOfState = kSelect + "AND id < $2 AND state = $4 ORDER BY id DESC LIMIT $3";
  SqlArguments arguments{std::string(target), std::string(before.empty() ? kAboveEveryId : before),
                         static_cast<std::int64_t>(limit) + 1};
  if (state) arguments.emplace_back(std::string(to_string(*state)));
  SLIPWAY_TRY(const auto rows, t.query(state ? kOfState : kAll, arguments));
  std::vector<Delivery> found;
  for (const Row& row : rows) {
    SLIPWAY_TRY(found.emplace_back(), read_delivery(row));
  }
  return found;
}

Result<Delivery> Outbox::find(Transaction& t, std::string_view id) const {
  static const std::string kSql = "SELECT " + std::string(kDeliveryColumns) + " FROM outbox WHERE id = $1";
  SLIPWAY_TRY(const auto rows, t.query(kSql, {std::string(id)}));
  if (rows.empty()) return fail(Code::kNotFound, "outbox.not_found", "delivery " + quoted(id) + " does not exist");
  return read_delivery(rows[0]);
}

Result<std::vector<DeliveryAttempt>> Outbox::attempts(Transaction& t, std::string_view id) const {
  SLIPWAY_TRY(const auto rows, t.query("SELECT number, started_at, latency_us, http_status, error FROM outbox_attempts "
                                       "WHERE delivery = $1 ORDER BY number",
                                       {std::string(id)}));
  std::vector<DeliveryAttempt> found;
  for (const Row& row : rows) {
    found.push_back({row.integer(0), time_of(row.integer(1)), row.integer(2), row.integer(3), row.text(4)});
  }
  return found;
}

Result<Delivery> Outbox::send_again(Transaction& t, std::string_view id) const {
  SLIPWAY_TRY(const Delivery delivery, find(t, id));
  if (delivery.state == DeliveryState::kWaiting) {
    return fail(Code::kFailedPrecondition, "outbox.waiting",
                "delivery " + delivery.id + " waits for its next attempt already");
  }
  SLIPWAY_CHECK(
      t.execute("UPDATE outbox SET state = 'waiting', attempts = 0, settled_at = NULL, created_at = $2 "
                "WHERE id = $1",
                {delivery.id, clock_->now().time_since_epoch().count()}));
  SLIPWAY_CHECK(t.execute("UPDATE outbox_leases SET retry_at = 0, failures = 0 WHERE target = $1", {delivery.target}));
  return find(t, id);
}

Result<std::int64_t> Outbox::forget(Transaction& t, WallTime settled_before, std::int64_t limit) const {
  return t.execute(
      "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state <> 'waiting' AND settled_at < $1 LIMIT $2)",
      {settled_before.time_since_epoch().count(), limit});
}

}  // namespace slipway
