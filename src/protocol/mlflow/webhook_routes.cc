#include "protocol/mlflow/webhook_routes.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "base/bytes.h"
#include "outbox/events.h"
#include "outbox/trial.h"
#include "protocol/mlflow/wire.h"
#include "registry/page.h"
#include "registry/transact.h"

namespace slipway::mlflow {
namespace {

constexpr std::size_t kEventsMax = 100;
constexpr std::size_t kMlflowEvents = 6;  // the first of event_names()

std::string in_case(std::string_view text, int (*change)(int)) {
  std::string out;
  for (const char c : text) out += static_cast<char>(change(static_cast<unsigned char>(c)));
  return out;
}

bool is_mlflow_event(std::string_view name) noexcept {
  const auto known = event_names().first(kMlflowEvents);
  return std::ranges::find(known, name) != known.end();
}

bool is_shown(const Webhook& webhook) { return std::ranges::any_of(webhook.events, &is_mlflow_event); }

void write_webhook(JsonWriter& json, const Webhook& webhook) {
  const auto millis = [](WallTime time) { return time.time_since_epoch().count() / 1000; };
  json.begin_object().key("webhook_id").value(webhook.id).key("name").value(webhook.name);
  json.key("description").value(webhook.description).key("url").value(webhook.url).key("events").begin_array();
  for (const std::string& event : webhook.events) {
    if (!is_mlflow_event(event)) continue;
    const std::size_t dot = event.find('.');
    json.begin_object().key("entity").value(in_case(event.substr(0, dot), &std::toupper));
    json.key("action").value(in_case(event.substr(dot + 1), &std::toupper)).end_object();
  }
  json.end_array().key("status").value(webhook.is_active ? "ACTIVE" : "DISABLED");
  json.key("creation_timestamp").value(millis(webhook.created_at));
  json.key("last_updated_timestamp").value(millis(webhook.updated_at)).end_object();
}

std::string webhook_json(const Webhook& webhook) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("webhook");
  write_webhook(json, webhook);
  json.end_object();
  return body;
}

Result<std::string> event_of(const Arguments& arguments) {
  SLIPWAY_TRY(const std::string entity, arguments.require_text("entity"));
  SLIPWAY_TRY(const std::string action, arguments.require_text("action"));
  return in_case(entity, &std::tolower) + '.' + in_case(action, &std::tolower);
}

// Members that are empty count as absent, as MLflow has it, but for those that may be emptied.
Result<WebhookChange> change_of(const Arguments& arguments) {
  WebhookChange change;
  SLIPWAY_TRY(change.name, arguments.optional_text("name"));
  SLIPWAY_TRY(change.url, arguments.optional_text("url"));
  SLIPWAY_TRY(change.description, arguments.optional_text("description"));
  SLIPWAY_TRY(auto secret, arguments.optional_text("secret"));
  if (secret) change.secret = Secret(*std::move(secret));
  SLIPWAY_TRY(const std::string status, arguments.text("status"));
  if (!status.empty() && status != "ACTIVE" && status != "DISABLED") {
    std::string found;
    append_json_string(found, status);
    return invalid_value(arguments.path_of("status"), found, "ACTIVE and DISABLED are accepted");
  }
  if (!status.empty()) change.is_active = status == "ACTIVE";
  SLIPWAY_TRY(const auto events, arguments.objects("events", kEventsMax));
  for (const Arguments& event : events) {
    SLIPWAY_TRY(std::string name, event_of(event));
    if (!change.events) change.events.emplace();
    change.events->push_back(std::move(name));
  }
  if (change.name && change.name->empty()) change.name.reset();
  if (change.url && change.url->empty()) change.url.reset();
  return change;
}

std::string subject_json(const Webhook& webhook) {
  std::string details;
  JsonWriter(details).begin_object().key("webhook").value(webhook.id).key("name").value(webhook.name).end_object();
  return details;
}

// Runs a change and keeps its record, like every decision; the answer is in MLflow's form.
Result<Webhook> recorded(const WebhookParts& parts, const HttpRequest& request, std::string_view action,
                         const std::function<Result<Webhook>(Transaction&)>& body) {
  Result<Webhook> result = fail(Code::kUnavailable, "audit.failed", "the audit log has failed, so nothing was done");
  const HttpResponse answer =
      parts.decisions.decide(request, action, 200, [&](DecisionSubject& subject) -> Result<std::string> {
        result = in_write(parts.database, body);
        if (!result) return fail(result.error());
        subject.details = subject_json(*result);
        return std::string();
      });
  if (result && answer.status >= 400)
    return fail(Code::kUnavailable, "audit.failed", std::string(action) + " was carried out, but not recorded");
  return result;
}

Result<std::string> create(const WebhookParts& parts, const Arguments& arguments, const HttpRequest& request) {
  SLIPWAY_CHECK(arguments.require_text("name"));
  SLIPWAY_CHECK(arguments.require_text("url"));
  SLIPWAY_TRY(const WebhookChange wanted, change_of(arguments));
  if (!wanted.events) return missing_value(arguments.path_of("events"));
  SLIPWAY_TRY(const Webhook made, recorded(parts, request, "webhook.create",
                                           [&](Transaction& t) { return parts.webhooks.create(t, wanted); }));
  return webhook_json(made);
}

// A list of events replaces those that MLflow's client can see; it cannot know of the others.
Result<std::string> update(const WebhookParts& parts, const Arguments& arguments, const HttpRequest& request) {
  const std::string_view id = request.parameter("webhook_id");
  SLIPWAY_TRY(const Webhook changed, recorded(parts, request, "webhook.update", [&](Transaction& t) -> Result<Webhook> {
                SLIPWAY_TRY(WebhookChange change, change_of(arguments));
                SLIPWAY_TRY(const Webhook before, parts.webhooks.find(t, id));
                if (change.events) {
                  std::ranges::copy_if(before.events, std::back_inserter(*change.events),
                                       [](const std::string& event) { return !is_mlflow_event(event); });
                }
                return parts.webhooks.update(t, id, change);
              }));
  parts.on_change();
  return webhook_json(changed);
}

Result<std::string> remove(const WebhookParts& parts, const Arguments&, const HttpRequest& request) {
  const auto removed = recorded(parts, request, "webhook.delete", [&](Transaction& t) -> Result<Webhook> {
    SLIPWAY_TRY(Webhook webhook, parts.webhooks.find(t, request.parameter("webhook_id")));
    SLIPWAY_CHECK(parts.webhooks.remove(t, webhook.id));
    return webhook;
  });
  if (!removed) return fail(removed.error());
  return std::string();
}

Result<std::string> show(const WebhookParts& parts, const Arguments&, const HttpRequest& request) {
  SLIPWAY_TRY(const Webhook webhook, in_read(parts.database, [&](Transaction& t) {
                return parts.webhooks.find(t, request.parameter("webhook_id"));
              }));
  return webhook_json(webhook);
}

Result<std::string> list(const WebhookParts& parts, const Arguments& arguments, const HttpRequest&) {
  SLIPWAY_TRY(const auto asked, arguments.integer("max_results"));
  const std::int64_t limit = asked.value_or(0) == 0 ? 100 : *asked;
  if (limit < 1 || limit > 1'000) return invalid_value("max_results", std::to_string(limit), "1 to 1000 are accepted");
  SLIPWAY_TRY(const std::string token, arguments.text("page_token"));
  SLIPWAY_TRY(const std::string after, parse_page_token("webhooks", token));
  SLIPWAY_TRY(auto found,
              in_read(parts.database, [&](Transaction& t) { return parts.webhooks.list(t, after, kWebhooksMax); }));
  std::erase_if(found, [](const Webhook& webhook) { return !is_shown(webhook); });
  const bool has_more = found.size() > static_cast<std::size_t>(limit);
  if (has_more) found.resize(static_cast<std::size_t>(limit));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("webhooks").begin_array();
  for (const Webhook& webhook : found) write_webhook(json, webhook);
  json.end_array();
  if (has_more) json.key("next_page_token").value(make_page_token("webhooks", found.back().id));
  json.end_object();
  return body;
}

Result<std::string> try_out(const WebhookParts& parts, const Arguments& arguments, const HttpRequest& request) {
  std::string event;
  SLIPWAY_TRY(const auto wanted, arguments.object("event"));
  if (wanted) {
    SLIPWAY_TRY(event, event_of(*wanted));
  }
  SLIPWAY_TRY(const SendOutcome outcome,
              try_webhook(parts.database, parts.webhooks, request.parameter("webhook_id"), event, parts.policy));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("result").begin_object().key("success").value(outcome.is_delivered());
  if (outcome.status != 0) json.key("response_status").value(outcome.status).key("response_body").value(outcome.reply);
  if (!outcome.is_delivered()) json.key("error_message").value(outcome.error);
  json.end_object().end_object();
  return body;
}

}  // namespace

void add_webhook_routes(Router& router, const WebhookParts& parts) {
  using Answer = Result<std::string> (*)(const WebhookParts&, const Arguments&, const HttpRequest&);
  const auto add = [&](Method method, std::string_view path, Answer make) {
    add_route(router, method, path, Permission::kManageAccess,
              [parts, make](const Arguments& arguments, const HttpRequest& request) {
                return make(parts, arguments, request);
              });
  };
  add(Method::kPost, "webhooks", &create);
  add(Method::kGet, "webhooks", &list);
  add(Method::kGet, "webhooks/{webhook_id}", &show);
  add(Method::kPatch, "webhooks/{webhook_id}", &update);
  add(Method::kDelete, "webhooks/{webhook_id}", &remove);
  add(Method::kPost, "webhooks/{webhook_id}/test", &try_out);
}

}  // namespace slipway::mlflow
