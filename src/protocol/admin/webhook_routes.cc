#include "protocol/admin/webhook_routes.h"

#include "base/bytes.h"
#include "base/json_writer.h"
#include "outbox/events.h"
#include "outbox/trial.h"
#include "protocol/admin/page_query.h"
#include "registry/page.h"
#include "registry/strict_json.h"
#include "registry/transact.h"

namespace slipway {
namespace {

constexpr std::uint64_t kBodyBytesMax = 64 << 10;
constexpr std::size_t kEventsMax = 100;
constexpr std::string_view kReason = "request.invalid";

void write_time(JsonWriter& json, std::string_view key, const std::optional<WallTime>& time) {
  json.key(key);
  time ? json.value(format_time(*time)) : json.null();
}

void write_webhook(JsonWriter& json, const Webhook& webhook) {
  json.begin_object().key("id").value(webhook.id).key("name").value(webhook.name);
  json.key("description").value(webhook.description).key("url").value(webhook.url).key("events").begin_array();
  for (const std::string& event : webhook.events) json.value(event);
  json.end_array().key("active").value(webhook.is_active);
  json.key("created").value(format_time(webhook.created_at)).key("updated").value(format_time(webhook.updated_at));
  json.end_object();
}

std::string webhook_json(const Webhook& webhook) {
  std::string body;
  JsonWriter json(body);
  write_webhook(json, webhook);
  return body;
}

// Without the end of the object, for members that follow.
void begin_delivery(JsonWriter& json, const Delivery& delivery) {
  json.begin_object().key("id").value(delivery.id).key("event").value(delivery.event);
  json.key("state").value(to_string(delivery.state)).key("attempts").value(delivery.attempts);
  json.key("created").value(format_time(delivery.created_at));
  write_time(json, "settled", delivery.settled_at);
}

// Every member is optional here; the store says what is missing.
Result<WebhookChange> parse_change(std::string_view text) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(text, kBodyBytesMax, kReason));
  SLIPWAY_TRY(JsonMembers members, document.root().object());
  WebhookChange change;
  const auto take_text = [&](std::string_view key, std::optional<std::string>& into) -> Status {
    if (const auto value = members.take(key)) {
      SLIPWAY_TRY(into, value->text());
    }
    return {};
  };
  SLIPWAY_CHECK(take_text("name", change.name));
  SLIPWAY_CHECK(take_text("description", change.description));
  SLIPWAY_CHECK(take_text("url", change.url));
  if (const auto secret = members.take("secret")) {
    SLIPWAY_TRY(const std::string_view value, secret->text());
    change.secret = Secret(std::string(value));
  }
  if (const auto events = members.take("events")) {
    SLIPWAY_TRY(const auto names, events->array(kEventsMax));
    change.events.emplace();
    for (const JsonValue& name : names) {
      SLIPWAY_TRY(change.events->emplace_back(), name.text());
    }
  }
  if (const auto active = members.take("active")) {
    bool is_active = false;
    if (active->element().get(is_active) != simdjson::SUCCESS) return active->refuse("true or false is expected");
    change.is_active = is_active;
  }
  SLIPWAY_CHECK(members.finish());
  return change;
}

// Cuts the one more than the page holds, and says where the next page begins.
template <typename T>
std::string next_token(std::string_view list, const PageRequest& page, std::vector<T>& items) {
  if (items.size() <= page.limit) return {};
  items.resize(page.limit);
  return make_page_token(list, items.back().id);
}

Result<std::string> list_webhooks(const WebhookRouteParts& parts, const HttpRequest& request) {
  SLIPWAY_TRY(const PageRequest page, page_query(request));
  SLIPWAY_TRY(const std::string after, parse_page_token("webhooks", page.token));
  SLIPWAY_TRY(auto found,
              in_read(parts.database, [&](Transaction& t) { return parts.webhooks.list(t, after, page.limit); }));
  const std::string next = next_token("webhooks", page, found);
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("webhooks").begin_array();
  for (const Webhook& webhook : found) write_webhook(json, webhook);
  json.end_array().key("next_page_token").value(next).end_object();
  return body;
}

Result<std::string> list_deliveries(const WebhookRouteParts& parts, const HttpRequest& request) {
  const std::string_view id = request.parameter("id");
  SLIPWAY_TRY(const PageRequest page, page_query(request));
  SLIPWAY_TRY(const std::string before, parse_page_token("deliveries", page.token));
  SLIPWAY_TRY(const auto state_text, request.query_parameter("state"));
  std::optional<DeliveryState> state;
  if (state_text && !state_text->empty()) {
    state = parse_delivery_state(*state_text);
    if (!state) {
      return fail(Code::kInvalidArgument, "request.invalid_query",
                  "query parameter state: " + quoted(std::string_view(*state_text)) +
                      " found; waiting, delivered and dead are accepted");
    }
  }
  SLIPWAY_TRY(auto found, in_read(parts.database, [&](Transaction& t) -> Result<std::vector<Delivery>> {
                SLIPWAY_CHECK(parts.webhooks.find(t, id));
                return parts.outbox.list(t, id, state, before, page.limit);
              }));
  const std::string next = next_token("deliveries", page, found);
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("deliveries").begin_array();
  for (const Delivery& delivery : found) {
    begin_delivery(json, delivery);
    json.end_object();
  }
  json.end_array().key("next_page_token").value(next).end_object();
  return body;
}

// A delivery under another webhook's path is not there.
Result<Delivery> find_delivery(const WebhookRouteParts& parts, Transaction& t, const HttpRequest& request) {
  SLIPWAY_TRY(Delivery delivery, parts.outbox.find(t, request.parameter("delivery")));
  if (delivery.target == request.parameter("id")) return delivery;
  return fail(Code::kNotFound, "outbox.not_found",
              "delivery " + quoted(request.parameter("delivery")) + " does not exist");
}

Result<std::string> show_delivery(const WebhookRouteParts& parts, const HttpRequest& request) {
  std::vector<DeliveryAttempt> attempts;
  SLIPWAY_TRY(const Delivery delivery, in_read(parts.database, [&](Transaction& t) -> Result<Delivery> {
                SLIPWAY_TRY(Delivery found, find_delivery(parts, t, request));
                SLIPWAY_TRY(attempts, parts.outbox.attempts(t, found.id));
                return found;
              }));
  std::string body;
  JsonWriter json(body);
  begin_delivery(json, delivery);
  json.key("body").raw(delivery.body).key("log").begin_array();
  for (const DeliveryAttempt& attempt : attempts) {
    json.begin_object().key("number").value(attempt.number).key("started").value(format_time(attempt.started_at));
    json.key("latency_ms").value(static_cast<double>(attempt.latency_us) / 1000);
    json.key("status").value(attempt.http_status).key("error").value(attempt.error).end_object();
  }
  json.end_array().end_object();
  return body;
}

Result<std::string> send_again(const WebhookRouteParts& parts, const HttpRequest& request) {
  SLIPWAY_TRY(const Delivery delivery, in_write(parts.database, [&](Transaction& t) -> Result<Delivery> {
                SLIPWAY_TRY(const Delivery found, find_delivery(parts, t, request));
                return parts.outbox.send_again(t, found.id);
              }));
  parts.on_change();
  std::string body;
  JsonWriter json(body);
  begin_delivery(json, delivery);
  json.end_object();
  return body;
}

Result<std::string> try_out(const WebhookRouteParts& parts, const HttpRequest& request) {
  std::string event;
  if (!request.body.empty()) {
    SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(as_text(request.body), kBodyBytesMax, kReason));
    SLIPWAY_TRY(JsonMembers members, document.root().object());
    if (const auto name = members.take("event")) {
      SLIPWAY_TRY(event, name->text());
    }
    SLIPWAY_CHECK(members.finish());
  }
  SLIPWAY_TRY(const SendOutcome outcome,
              try_webhook(parts.database, parts.webhooks, request.parameter("id"), event, parts.policy));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("delivered").value(outcome.is_delivered()).key("status").value(outcome.status);
  json.key("reply").value(outcome.reply).key("error").value(outcome.error).end_object();
  return body;
}

// For the audit log, which never forgets: without the URL, which may hold a secret of the receiver.
std::string subject_json(const Webhook& webhook) {
  std::string details;
  JsonWriter json(details);
  json.begin_object().key("webhook").value(webhook.id).key("name").value(webhook.name).key("events").begin_array();
  for (const std::string& event : webhook.events) json.value(event);
  json.end_array().end_object();
  return details;
}

HttpResponse create(const WebhookRouteParts& parts, const HttpRequest& request) {
  return parts.decisions.decide(request, "webhook.create", 201, [&](DecisionSubject& subject) -> Result<std::string> {
    SLIPWAY_TRY(const WebhookChange wanted, parse_change(as_text(request.body)));
    SLIPWAY_TRY(const Webhook made,
                in_write(parts.database, [&](Transaction& t) { return parts.webhooks.create(t, wanted); }));
    subject.details = subject_json(made);
    return webhook_json(made);
  });
}

HttpResponse update(const WebhookRouteParts& parts, const HttpRequest& request) {
  return parts.decisions.decide(request, "webhook.update", 200, [&](DecisionSubject& subject) -> Result<std::string> {
    SLIPWAY_TRY(const WebhookChange change, parse_change(as_text(request.body)));
    SLIPWAY_TRY(const Webhook changed, in_write(parts.database, [&](Transaction& t) {
                  return parts.webhooks.update(t, request.parameter("id"), change);
                }));
    subject.details = subject_json(changed);
    parts.on_change();
    return webhook_json(changed);
  });
}

HttpResponse remove(const WebhookRouteParts& parts, const HttpRequest& request) {
  return parts.decisions.decide(request, "webhook.delete", 200, [&](DecisionSubject& subject) -> Result<std::string> {
    SLIPWAY_TRY(const Webhook removed, in_write(parts.database, [&](Transaction& t) -> Result<Webhook> {
                  SLIPWAY_TRY(Webhook found, parts.webhooks.find(t, request.parameter("id")));
                  SLIPWAY_CHECK(parts.webhooks.remove(t, found.id));
                  return found;
                }));
    subject.details = subject_json(removed);
    return webhook_json(removed);
  });
}

Result<std::string> show(const WebhookRouteParts& parts, const HttpRequest& request) {
  SLIPWAY_TRY(const Webhook webhook,
              in_read(parts.database, [&](Transaction& t) { return parts.webhooks.find(t, request.parameter("id")); }));
  return webhook_json(webhook);
}

}  // namespace

void add_webhook_routes(Router& router, const WebhookRouteParts& parts) {
  const auto add = [&](Method method, std::string pattern, WorkerHandler handler) {
    const bool has_body = method == Method::kPost || method == Method::kPatch;
    router.add({.method = method,
                .pattern = std::move(pattern),
                .permission = Permission::kManageAccess,  // they carry news of every model out of the house
                .body = has_body ? BodyKind::kBuffered : BodyKind::kNone,
                .body_bytes_max = has_body ? kBodyBytesMax : 0,
                .handler = std::move(handler)});
  };
  using Answer = Result<std::string> (*)(const WebhookRouteParts&, const HttpRequest&);
  const auto answer = [&](Answer make) {
    return [parts, make](const HttpRequest& request) { return json_response(request, make(parts, request)); };
  };
  using Decide = HttpResponse (*)(const WebhookRouteParts&, const HttpRequest&);
  const auto decision = [&](Decide decide) {
    return [parts, decide](const HttpRequest& request) { return decide(parts, request); };
  };
  const std::string webhook = "/api/v1/webhooks/{id}";
  const std::string delivery = webhook + "/deliveries/{delivery}";
  add(Method::kGet, "/api/v1/webhooks", answer(&list_webhooks));
  add(Method::kPost, "/api/v1/webhooks", decision(&create));
  add(Method::kGet, webhook, answer(&show));
  add(Method::kPatch, webhook, decision(&update));
  add(Method::kDelete, webhook, decision(&remove));
  add(Method::kPost, webhook + "/test", answer(&try_out));
  add(Method::kGet, webhook + "/deliveries", answer(&list_deliveries));
  add(Method::kGet, delivery, answer(&show_delivery));
  add(Method::kPost, delivery + "/send", answer(&send_again));
}

}  // namespace slipway
