#include "outbox/webhook.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/id.h"
#include "outbox/events.h"
#include "outbox/target_address.h"

namespace slipway {
namespace {

constexpr std::size_t kNameMax = 63;  // as MLflow has it
constexpr std::size_t kDescriptionMax = 4 << 10;
constexpr std::size_t kSecretMax = 4 << 10;

tl::unexpected<Error> refuse(std::string_view member, std::string_view why) {
  return fail(Code::kInvalidArgument, "webhook.invalid", "webhook " + std::string(member) + ": " + std::string(why));
}

bool is_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= kNameMax && is_alphanumeric(name.front()) && is_alphanumeric(name.back()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_text(std::string_view text, std::size_t size_max) noexcept {
  return text.size() <= size_max && is_utf8(text) && text.find('\0') == std::string_view::npos;
}

std::string known_events() {
  std::string all;
  for (const std::string_view name : event_names()) all.append(all.empty() ? "" : ", ").append(name);
  return all;
}

Status check_events(const std::vector<std::string>& events) {
  if (events.empty()) return refuse("events", "at least one is needed; known are " + known_events());
  for (const std::string& event : events) {
    if (std::ranges::find(event_names(), event) == event_names().end())
      return refuse("events", quoted(std::string_view(event)) + " is not known; known are " + known_events());
  }
  return {};
}

tl::unexpected<Error> no_webhook(std::string_view id) {
  return fail(Code::kNotFound, "webhook.not_found", "webhook " + quoted(id) + " does not exist");
}

constexpr std::string_view kSelect =
    "SELECT id, name, description, url, is_active, created_at, updated_at FROM webhooks ";

WallTime time_at(const Row& row, std::size_t column) {
  return WallTime{std::chrono::microseconds{row.integer(column)}};
}

}  // namespace

Status WebhookStore::check(const WebhookChange& change) const {
  if (change.name && !is_name(*change.name)) {
    return refuse("name", quoted(std::string_view(*change.name)) +
                              " found; accepted are up to 63 letters, digits, '.', '_' and '-', the first and the last "
                              "a letter or digit");
  }
  if (change.description && !is_text(*change.description, kDescriptionMax))
    return refuse("description", "accepted is UTF-8 text of at most 4096 bytes");
  if (change.secret && !is_text(change.secret->reveal(), kSecretMax))
    return refuse("secret", "accepted is UTF-8 text of at most 4096 bytes");
  if (change.url) SLIPWAY_CHECK(check_target_url(*change.url, allows_private_));
  if (change.events) SLIPWAY_CHECK(check_events(*change.events));
  return {};
}

Status WebhookStore::set_events(Transaction& t, const std::string& id, const std::vector<std::string>& events) const {
  SLIPWAY_CHECK(t.execute("DELETE FROM webhook_events WHERE webhook = $1", {id}));
  for (const std::string& event : events) {
    SLIPWAY_CHECK(
        t.execute("INSERT INTO webhook_events (event, webhook) VALUES ($1, $2) ON CONFLICT (event, webhook) DO NOTHING",
                  {event, id}));
  }
  return {};
}

Result<Webhook> WebhookStore::create(Transaction& t, const WebhookChange& webhook) const {
  if (!webhook.name) return refuse("name", "it is missing");
  if (!webhook.url) return refuse("url", "it is missing");
  if (!webhook.events) return refuse("events", "they are missing");
  SLIPWAY_CHECK(check(webhook));
  SLIPWAY_TRY(const auto count, t.query("SELECT COUNT(*) FROM webhooks"));
  if (count.at(0).integer(0) >= static_cast<std::int64_t>(kWebhooksMax)) {
    return fail(Code::kResourceExhausted, "webhook.too_many",
                "there are " + std::to_string(kWebhooksMax) + " webhooks, which is the limit; delete one first");
  }
  std::string id = Id::make(*clock_, *random_).to_string();
  SLIPWAY_CHECK(
      t.execute("INSERT INTO webhooks (id, name, description, url, secret, is_active, created_at, updated_at) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $7)",
                {id, *webhook.name, webhook.description.value_or(""), *webhook.url,
                 webhook.secret ? std::string(webhook.secret->reveal()) : std::string(),
                 std::int64_t{webhook.is_active.value_or(true)}, clock_->now().time_since_epoch().count()}));
  SLIPWAY_CHECK(set_events(t, id, *webhook.events));
  SLIPWAY_CHECK(t.execute(
      "INSERT INTO outbox_leases (target, fence, leased_until, retry_at, failures) VALUES ($1, 0, 0, 0, 0)", {id}));
  return find(t, id);
}

Result<Webhook> WebhookStore::update(Transaction& t, std::string_view id, const WebhookChange& change) const {
  SLIPWAY_CHECK(check(change));
  SLIPWAY_TRY(const Webhook before, find(t, id));
  SLIPWAY_CHECK(
      t.execute("UPDATE webhooks SET name = $2, description = $3, url = $4, is_active = $5, updated_at = $6 "
                "WHERE id = $1",
                {before.id, change.name.value_or(before.name), change.description.value_or(before.description),
                 change.url.value_or(before.url), std::int64_t{change.is_active.value_or(before.is_active)},
                 clock_->now().time_since_epoch().count()}));
  if (change.secret) {
    SLIPWAY_CHECK(
        t.execute("UPDATE webhooks SET secret = $2 WHERE id = $1", {before.id, std::string(change.secret->reveal())}));
  }
  if (change.events) SLIPWAY_CHECK(set_events(t, before.id, *change.events));
  // Whoever mends a webhook need not wait for the next attempt.
  SLIPWAY_CHECK(t.execute("UPDATE outbox_leases SET retry_at = 0, failures = 0 WHERE target = $1", {before.id}));
  return find(t, id);
}

Status WebhookStore::remove(Transaction& t, std::string_view id) const {
  SLIPWAY_CHECK(find(t, id));
  const SqlArguments arguments{std::string(id)};
  SLIPWAY_CHECK(t.execute("DELETE FROM outbox WHERE target = $1", arguments));
  SLIPWAY_CHECK(t.execute("DELETE FROM outbox_leases WHERE target = $1", arguments));
  SLIPWAY_CHECK(t.execute("DELETE FROM webhooks WHERE id = $1", arguments));
  return {};
}

Result<std::vector<Webhook>> WebhookStore::with_events(Transaction& t, const std::vector<Row>& rows) const {
  std::vector<Webhook> found;
  for (const Row& row : rows) {
    Webhook webhook{row.text(0), row.text(1),         row.text(2),     row.text(3),
                    {},          row.integer(4) != 0, time_at(row, 5), time_at(row, 6)};
    SLIPWAY_TRY(const auto events, t.query("SELECT event FROM webhook_events WHERE webhook = $1", {webhook.id}));
    for (const std::string_view name : event_names()) {
      if (std::ranges::any_of(events, [&](const Row& event) { return event.text(0) == name; }))
        webhook.events.emplace_back(name);
    }
    found.push_back(std::move(webhook));
  }
  return found;
}

Result<Webhook> WebhookStore::find(Transaction& t, std::string_view id) const {
  static const std::string kSql = std::string(kSelect) + "WHERE id = $1";
  SLIPWAY_TRY(const auto rows, t.query(kSql, {std::string(id)}));
  if (rows.empty()) return no_webhook(id);
  SLIPWAY_TRY(auto found, with_events(t, rows));
  return std::move(found.front());
}

Result<Secret> WebhookStore::secret(Transaction& t, std::string_view id) const {
  SLIPWAY_TRY(const auto rows, t.query("SELECT secret FROM webhooks WHERE id = $1", {std::string(id)}));
  if (rows.empty()) return no_webhook(id);
  return Secret(rows[0].text(0));
}

Result<std::vector<Webhook>> WebhookStore::list(Transaction& t, std::string_view after, std::size_t limit) const {
  static const std::string kSql = std::string(kSelect) + "WHERE id > $1 ORDER BY id LIMIT $2";
  SLIPWAY_TRY(const auto rows, t.query(kSql, {std::string(after), static_cast<std::int64_t>(limit) + 1}));
  return with_events(t, rows);
}

}  // namespace slipway
