// webhooks, in MLflow's form: what its client's create_webhook(), list_webhooks(), … call.
//
// MLflow's client knows six events and fails on any other, so it is shown those alone: a webhook that asks for none of
// them is left out of its lists. The others are at /api/v1/webhooks (protocol/admin/webhook_routes.h).
#pragma once

#include <functional>

#include "outbox/http_sender.h"
#include "outbox/webhook.h"
#include "protocol/admin/decision.h"
#include "protocol/http.h"
#include "storage/sql.h"

namespace slipway::mlflow {

struct WebhookParts {
  Database& database;
  const WebhookStore& webhooks;
  DecisionLog decisions;
  SendPolicy policy;                // of trial deliveries
  std::function<void()> on_change;  // something may be sent now
};

// What the references of `parts` mean outlives the router.
void add_webhook_routes(Router& router, const WebhookParts& parts);

}  // namespace slipway::mlflow
