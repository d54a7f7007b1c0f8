// What is to be sent, kept in SQL until it was: written in the transaction of what it tells, so that it is sent if and
// only if that commits, and at least once whatever crashes in between.
//
// A target gets its deliveries in the order in which they were written, one at a time: the next is tried after the one
// before was delivered or given up. Stateless but for clock and randomness; shared by all threads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "storage/sql.h"

namespace slipway {

struct OutboxMessage {
  std::string_view target;  // a webhook's id, or kOpenLineageTarget
  std::string_view event;
  std::string_view body;
};

constexpr std::string_view kOpenLineageTarget = "openlineage";

enum class DeliveryState : std::uint8_t { kWaiting, kDelivered, kDead };
std::string_view to_string(DeliveryState state) noexcept;  // "waiting", "delivered", "dead"
std::optional<DeliveryState> parse_delivery_state(std::string_view text) noexcept;

struct Delivery {
  std::string id;  // what the receiver sees, the same at each attempt
  std::string target;
  std::string event;
  std::string body;
  DeliveryState state = DeliveryState::kWaiting;
  std::int64_t attempts = 0;  // since then
  WallTime created_at{};      // when it was written, or asked for again
  std::optional<WallTime> settled_at;
};

struct DeliveryAttempt {
  std::int64_t number = 0;  // 1, 2, … over the life of the delivery
  WallTime started_at{};
  std::int64_t latency_us = 0;
  std::int64_t http_status = 0;  // 0: no answer came
  std::string error;             // "" when it was delivered
};

// Whether there is anybody to tell OpenLineage events to; the same for all nodes, so in SQL. Set at the start.
Status set_openlineage(Transaction& t, bool is_on);
Result<bool> has_openlineage(Transaction& t);

class Outbox {
 public:
  explicit Outbox(const Clock& clock = system_clock(), Random& random = system_random())
      : clock_(&clock), random_(&random) {}

  // The id of the delivery. Sends nothing by itself.
  Result<std::string> add(Transaction& t, const OutboxMessage& message) const;

  // Newest first, those before the id `before` ("": the newest); one more than `limit` where there are more.
  Result<std::vector<Delivery>> list(Transaction& t, std::string_view target, std::optional<DeliveryState> state,
                                     std::string_view before, std::size_t limit) const;
  Result<Delivery> find(Transaction& t, std::string_view id) const;  // not_found "outbox.not_found"
  Result<std::vector<DeliveryAttempt>> attempts(Transaction& t, std::string_view id) const;  // oldest first
  // Waits again, with all its attempts before it, under the same id. failed_precondition "outbox.waiting" where it
  // does.
  Result<Delivery> send_again(Transaction& t, std::string_view id) const;
  // Forgets up to `limit` deliveries that were settled before `settled_before`; how many.
  Result<std::int64_t> forget(Transaction& t, WallTime settled_before, std::int64_t limit) const;

 private:
  const Clock* clock_;
  Random* random_;
};

// How a Delivery stands in its table.
constexpr std::string_view kDeliveryColumns = "id, target, event, body, state, attempts, created_at, settled_at";
Result<Delivery> read_delivery(const Row& row);  // data_loss "outbox.altered"

}  // namespace slipway
