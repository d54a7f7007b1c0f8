#include "outbox/trial.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/id.h"
#include "outbox/deliverer.h"
#include "outbox/events.h"

namespace slipway {
namespace {

using Kind = ModelVersionDecision::Kind;

std::vector<Event> examples() {
  std::vector<Event> all = {
      RegisteredModelCreated{"iris", {{"team", "flowers"}}, "An example"},
      ModelVersionCreated{"iris", "1", "mlflow-artifacts:/0/run/artifacts/model", "", {{"team", "flowers"}}, ""},
      ModelVersionTagSet{"iris", "1", "team", "flowers"},
      ModelVersionTagDeleted{"iris", "1", "team"},
      ModelVersionAliasCreated{"iris", "champion", "1"},
      ModelVersionAliasDeleted{"iris", "champion"},
  };
  for (const Kind kind : {Kind::kApprovalRequested, Kind::kApproved, Kind::kRejected, Kind::kRetired}) {
    all.emplace_back(ModelVersionDecision{kind, "iris", "1", "1.0.0", std::string(64, '0'), "ann", "an example"});
  }
  return all;
}

Result<Event> example_of(std::string_view name) {
  for (Event& event : examples()) {
    if (event_name(event) == name) return std::move(event);
  }
  return fail(Code::kInvalidArgument, "webhook.invalid", "event " + quoted(name) + " is not known");
}

}  // namespace

Result<SendOutcome> try_webhook(Database& database, const WebhookStore& webhooks, std::string_view id,
                                std::string_view event, const SendPolicy& policy) {
  std::optional<Webhook> webhook;
  WebhookAddress address;
  SLIPWAY_CHECK(database.read([&](Transaction& t) -> Status {
    SLIPWAY_TRY(webhook, webhooks.find(t, id));
    SLIPWAY_TRY(address.secret, webhooks.secret(t, id));
    return {};
  }));
  address.url = webhook->url;
  SLIPWAY_TRY(const Event example, example_of(event.empty() ? webhook->events.front() : event));
  const WallTime now = system_clock().now();
  Delivery delivery;
  delivery.id = Id::make().to_string();
  delivery.body = event_body(example, now);
  SLIPWAY_TRY(HttpSender sender, HttpSender::make(policy));
  return send_webhook(sender, address, delivery, now);
}

}  // namespace slipway
