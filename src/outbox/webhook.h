// Who wants to be told of what.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/secret.h"
#include "storage/sql.h"

namespace slipway {

struct Webhook {
  std::string id;
  std::string name;
  std::string description;
  std::string url;
  std::vector<std::string> events;  // of event_names(), in that order, at least one
  bool is_active = true;            // else nothing is written for it, and what waits is not sent
  WallTime created_at{};
  WallTime updated_at{};
};

// Members that are set are changed. An empty secret: deliveries are not signed.
struct WebhookChange {
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::string> url;
  std::optional<std::vector<std::string>> events;
  std::optional<Secret> secret;
  std::optional<bool> is_active;
};

constexpr std::size_t kWebhooksMax = 1'000;  // of one server

// Webhooks in SQL. The secret goes in and is read by the deliverer alone. Stateless but for its clock and randomness.
//
// Errors: not_found "webhook.not_found"; invalid_argument "webhook.invalid" names the member; "outbox.invalid_url";
// resource_exhausted "webhook.too_many".
class WebhookStore {
 public:
  // `allows_private`: see check_target_url().
  explicit WebhookStore(bool allows_private, const Clock& clock = system_clock(), Random& random = system_random())
      : allows_private_(allows_private), clock_(&clock), random_(&random) {}

  // Needs name, url and events.
  Result<Webhook> create(Transaction& t, const WebhookChange& webhook) const;
  Result<Webhook> update(Transaction& t, std::string_view id, const WebhookChange& change) const;
  // With everything that waits for it or was sent to it.
  Status remove(Transaction& t, std::string_view id) const;
  Result<Webhook> find(Transaction& t, std::string_view id) const;
  Result<Secret> secret(Transaction& t, std::string_view id) const;
  // In the order they were made, those after the id `after`; one more than `limit` where there are more.
  Result<std::vector<Webhook>> list(Transaction& t, std::string_view after, std::size_t limit) const;

 private:
  Status check(const WebhookChange& change) const;
  Status set_events(Transaction& t, const std::string& id, const std::vector<std::string>& events) const;
  Result<std::vector<Webhook>> with_events(Transaction& t, const std::vector<Row>& rows) const;

  bool allows_private_;
  const Clock* clock_;
  Random* random_;
};

}  // namespace slipway
