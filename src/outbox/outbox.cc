#include "outbox/outbox.h"

#include "base/id.h"

namespace slipway {
namespace {

constexpr std::string_view kStates[] = {"waiting", "delivered", "dead"};

}  // namespace

std::string_view to_string(DeliveryState state) noexcept { return kStates[static_cast<std::size_t>(state)]; }

std::optional<DeliveryState> parse_delivery_state(std::string_view text) noexcept {
  for (const DeliveryState state : {DeliveryState::kWaiting, DeliveryState::kDelivered, DeliveryState::kDead}) {
    if (to_string(state) == text) return state;
  }
  return std::nullopt;
}

Result<std::string> Outbox::add(Transaction& transaction, const OutboxMessage& message) const {
  std::string id = Id::make(*clock_, *random_).to_string();
  SLIPWAY_CHECK(
      transaction.execute("INSERT INTO outbox (id, target, event, body, state, attempts, created_at, settled_at) "
                          "VALUES ($1, $2, $3, $4, 'waiting', 0, $5, NULL)",
                          {id, std::string(message.target), std::string(message.event), std::string(message.body),
                           clock_->now().time_since_epoch().count()}));
  return id;
}

}  // namespace slipway
