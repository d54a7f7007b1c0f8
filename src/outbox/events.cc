#include "outbox/events.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/json_writer.h"
#include "outbox/outbox.h"

namespace slipway {
namespace {

// In the order of the alternatives of Event; the last one has a name for each Kind.
constexpr std::array<std::string_view, 10> kNames = {
    "registered_model.created",
    "model_version.created",
    "model_version_tag.set",
    "model_version_tag.deleted",
    "model_version_alias.created",
    "model_version_alias.deleted",
    "model_version.approval_requested",
    "model_version.approved",
    "model_version.rejected",
    "model_version.retired",
};

void write_optional(JsonWriter& json, std::string_view key, const std::string& text) {
  json.key(key);
  text.empty() ? json.null() : json.value(text);
}

void write_tags(JsonWriter& json, const EventTags& tags) {
  json.key("tags").begin_object();
  for (const auto& [key, value] : tags) json.key(key).value(value);
  json.end_object();
}

// Members as MLflow's payloads have them.
struct WriteData {
  JsonWriter& json;

  void operator()(const RegisteredModelCreated& event) const {
    json.key("name").value(event.name);
    write_tags(json, event.tags);
    write_optional(json, "description", event.description);
  }
  void operator()(const ModelVersionCreated& event) const {
    json.key("name").value(event.name).key("version").value(event.version).key("source").value(event.source);
    write_optional(json, "run_id", event.run_id);
    write_tags(json, event.tags);
    write_optional(json, "description", event.description);
  }
  void operator()(const ModelVersionTagSet& event) const {
    json.key("name").value(event.name).key("version").value(event.version);
    json.key("key").value(event.key).key("value").value(event.value);
  }
  void operator()(const ModelVersionTagDeleted& event) const {
    json.key("name").value(event.name).key("version").value(event.version).key("key").value(event.key);
  }
  void operator()(const ModelVersionAliasCreated& event) const {
    json.key("name").value(event.name).key("alias").value(event.alias).key("version").value(event.version);
  }
  void operator()(const ModelVersionAliasDeleted& event) const {
    json.key("name").value(event.name).key("alias").value(event.alias);
  }
  void operator()(const ModelVersionDecision& event) const {
    json.key("name").value(event.name).key("version").value(event.version).key("semver").value(event.semver);
    json.key("digest").value(event.digest).key("principal").value(event.principal);
    write_optional(json, "reason", event.reason);
  }
};

}  // namespace

std::string_view event_name(const Event& event) noexcept {
  const auto* decision = std::get_if<ModelVersionDecision>(&event);
  return kNames[event.index() + (decision != nullptr ? static_cast<std::size_t>(decision->kind) : 0)];
}

std::span<const std::string_view> event_names() noexcept { return kNames; }

std::string event_body(const Event& event, WallTime time) {
  const std::string_view name = event_name(event);
  const std::size_t dot = name.find('.');
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("entity").value(name.substr(0, dot)).key("action").value(name.substr(dot + 1));
  json.key("timestamp").value(format_time(time)).key("data").begin_object();
  std::visit(WriteData{json}, event);
  json.end_object().end_object();
  return body;
}

Status emit(Transaction& transaction, const Event& event, const Clock& clock, Random& random) {
  const std::string_view name = event_name(event);
  SLIPWAY_TRY(const std::vector<Row> listeners,
              transaction.query("SELECT w.id FROM webhook_events e JOIN webhooks w ON w.id = e.webhook "
                                "WHERE e.event = $1 AND w.is_active = 1 ORDER BY w.id",
                                {std::string(name)}));
  if (listeners.empty()) return {};
  const Outbox outbox(clock, random);
  const std::string body = event_body(event, clock.now());
  for (const Row& listener : listeners) SLIPWAY_CHECK(outbox.add(transaction, {listener.text(0), name, body}));
  return {};
}

}  // namespace slipway
