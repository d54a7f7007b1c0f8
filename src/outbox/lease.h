// Which node sends to a target: one at a time, so that the order of its deliveries is kept.
//
// A lease ends by itself, for a node that died. Whoever takes over has a higher fence, and a sender that lost its lease
// while it waited for a receiver cannot settle anything any more; the new one sends that delivery again, under the same
// id. All functions work in the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "outbox/outbox.h"
#include "outbox/verdict.h"
#include "storage/sql.h"

namespace slipway {

struct Lease {
  std::string target;
  std::int64_t fence = 0;
  std::int64_t failures = 0;  // of the target in a row
};

// Where and how to send: of a webhook.
struct WebhookAddress {
  std::string url;
  Secret secret;
};

// Targets that are free, are not to be left in peace, and for which something waits: up to `limit`, the longest due
// first. A webhook that is switched off is none.
Result<std::vector<std::string>> due_targets(Transaction& t, WallTime now, std::size_t limit);

// Null where another node was quicker.
Result<std::optional<Lease>> take_lease(Transaction& t, const std::string& target, WallTime now, WallTime until);

// The oldest that waits for the target; null when there is none.
Result<std::optional<Delivery>> next_delivery(Transaction& t, const std::string& target);

// Null where it was deleted or switched off meanwhile.
Result<std::optional<WebhookAddress>> webhook_address(Transaction& t, const std::string& id);

// Writes the attempt and the verdict, and prolongs the lease to `until`. Where the delivery failed, everything that is
// older than age_max is given up with it: a receiver that was away for a day does not get the backlog for days more.
// aborted "outbox.lease_lost" where it is another's by now: nothing is written.
Status settle(Transaction& t, const Lease& lease, const Delivery& delivery, const DeliveryAttempt& attempt,
              const Verdict& verdict, const DeliveryLimits& limits, WallTime now, WallTime until);

// Lets another take it at once.
Status give_up_lease(Transaction& t, const Lease& lease);

}  // namespace slipway
