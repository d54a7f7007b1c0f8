// /api/v1/webhooks: who is told of what, what was sent, and sending it again.
#pragma once

#include <functional>

#include "outbox/http_sender.h"
#include "outbox/outbox.h"
#include "outbox/webhook.h"
#include "protocol/admin/decision.h"
#include "protocol/http.h"
#include "storage/sql.h"

namespace slipway {

struct WebhookRouteParts {
  Database& database;
  const WebhookStore& webhooks;
  const Outbox& outbox;
  DecisionLog decisions;
  SendPolicy policy;                // of trial deliveries
  std::function<void()> on_change;  // something may be sent now
};

// What the references of `parts` mean outlives the router.
void add_webhook_routes(Router& router, const WebhookRouteParts& parts);

}  // namespace slipway
