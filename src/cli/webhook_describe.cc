#include "cli/webhook_describe.h"

#include <fmt/format.h>

#include "cli/json_fields.h"
#include "cli/text.h"

namespace slipway::cli {
namespace {

std::string events_text(const json::object& webhook) {
  std::string text;
  for (const json::value& event : array_at(webhook, "events")) {
    if (!event.is_string()) continue;
    text += text.empty() ? "" : ", ";
    text += std::string_view(event.get_string());
  }
  return text;
}

std::string state_of(const json::object& webhook) { return text_at(webhook, "active") == "true" ? "on" : "off"; }

std::string answer_of(const json::object& attempt) {
  const std::string status = text_at(attempt, "status");
  return status == "0" ? "none" : status;
}

std::string took_text(const json::object& attempt) {
  const json::value* latency_ms = attempt.if_contains("latency_ms");
  return latency_ms != nullptr && latency_ms->is_number() ? duration_text(latency_ms->to_number<double>() * 1000) : "";
}

std::string more_line(const json::object& page) {
  const std::string next = text_at(page, "next_page_token");
  return next.empty() ? "" : fmt::format("\nMore: --page {}\n", clean(next));
}

}  // namespace

std::string describe_webhook(const json::value& value) {
  const json::object& webhook = as_object(value);
  return facts({{"id", text_at(webhook, "id")},
                {"name", text_at(webhook, "name")},
                {"description", text_at(webhook, "description")},
                {"url", text_at(webhook, "url")},
                {"events", events_text(webhook)},
                {"state", state_of(webhook)},
                {"created", short_time(text_at(webhook, "created"))},
                {"updated", short_time(text_at(webhook, "updated"))}});
}

std::string describe_made_webhook(const json::value& value) {
  const std::string secret = text_at(as_object(value), "secret");
  if (secret.empty()) return describe_webhook(value);
  return clean(secret) + "\n\nThe secret that its deliveries are signed with. Keep it now: it is not shown again.\n\n" +
         describe_webhook(value);
}

std::string describe_webhooks(const json::value& value) {
  Table table({"ID", "NAME", "STATE", "URL", "EVENTS"});
  for (const json::value& item : array_at(as_object(value), "webhooks")) {
    const json::object& webhook = as_object(item);
    table.add({text_at(webhook, "id"), text_at(webhook, "name"), state_of(webhook), text_at(webhook, "url"),
               events_text(webhook)});
  }
  return (table.is_empty() ? "No webhooks.\n" : table.to_string()) + more_line(as_object(value));
}

std::string describe_removed_webhook(const json::value& value) {
  const json::object& webhook = as_object(value);
  return clean(fmt::format("Webhook {} is removed, with what waited for it.", text_at(webhook, "name"))) + '\n';
}

std::string describe_trial(const json::value& value) {
  const json::object& outcome = as_object(value);
  const bool is_delivered = text_at(outcome, "delivered") == "true";
  return facts({{"delivered", is_delivered ? "yes" : "no"},
                {"answer", answer_of(outcome)},
                {"reply", text_at(outcome, "reply")},
                {"error", text_at(outcome, "error")}});
}

std::string describe_deliveries(const json::value& value) {
  Table table({"ID", "EVENT", "STATE", "ATTEMPTS", "CREATED", "SETTLED"});
  for (const json::value& item : array_at(as_object(value), "deliveries")) {
    const json::object& delivery = as_object(item);
    table.add({text_at(delivery, "id"), text_at(delivery, "event"), text_at(delivery, "state"),
               text_at(delivery, "attempts"), short_time(text_at(delivery, "created")),
               short_time(text_at(delivery, "settled"))});
  }
  return (table.is_empty() ? "No deliveries.\n" : table.to_string()) + more_line(as_object(value));
}

std::string describe_delivery(const json::value& value) {
  const json::object& delivery = as_object(value);
  std::string text = facts({{"id", text_at(delivery, "id")},
                            {"event", text_at(delivery, "event")},
                            {"state", text_at(delivery, "state")},
                            {"created", short_time(text_at(delivery, "created"))},
                            {"settled", short_time(text_at(delivery, "settled"))},
                            {"body", json::serialize(object_at(delivery, "body"))}});
  Table table({"ATTEMPT", "STARTED", "TOOK", "ANSWER", "ERROR"});
  for (const json::value& item : array_at(delivery, "log")) {
    const json::object& attempt = as_object(item);
    table.add({text_at(attempt, "number"), short_time(text_at(attempt, "started")), took_text(attempt),
               answer_of(attempt), text_at(attempt, "error")});
  }
  return table.is_empty() ? text : text + '\n' + table.to_string();
}

std::string describe_sent_again(const json::value& value) {
  return clean(fmt::format("Delivery {} is sent again, under its id.", text_at(as_object(value), "id"))) + '\n';
}

}  // namespace slipway::cli
