// Shows a receiver what it will get: an example of an event, sent at once and once, outside of the outbox and its
// order.
#pragma once

#include <string_view>

#include "outbox/http_sender.h"
#include "outbox/webhook.h"
#include "storage/sql.h"

namespace slipway {

// `event`: a name of event_names(); "": the first that the webhook asked for. Blocks up to the policy's time limit. An
// outcome that is no receipt is no error.
Result<SendOutcome> try_webhook(Database& database, const WebhookStore& webhooks, std::string_view id,
                                std::string_view event, const SendPolicy& policy);

}  // namespace slipway
