#include "protocol/admin/key_routes.h"

#include "base/bytes.h"
#include "base/json_writer.h"
#include "registry/strict_json.h"

namespace slipway {
namespace {

constexpr std::uint64_t kBodyBytesMax = 16 << 10;
constexpr std::int64_t kGraceMinutesDefault = 60;
constexpr std::string_view kReason = "request.invalid";

void write_time(JsonWriter& json, std::string_view key, const std::optional<WallTime>& time) {
  json.key(key);
  time ? json.value(format_time(*time)) : json.null();
}

// `text` is the key itself, shown once; empty in lists.
void write_key(JsonWriter& json, const KeyInfo& info, std::string_view text) {
  json.begin_object();
  json.key("id").value(info.id).key("name").value(info.name);
  json.key("role").value(to_string(info.grant.role)).key("model").value(info.grant.model);
  json.key("created").value(format_time(info.created)).key("created_by").value(info.created_by);
  write_time(json, "expires", info.expires);
  write_time(json, "revoked", info.revoked);
  write_time(json, "last_used", info.last_used);
  if (!text.empty()) json.key("key").value(text);
  json.end_object();
}

std::string key_json(const KeyInfo& info, std::string_view text = {}) {
  std::string body;
  JsonWriter json(body);
  write_key(json, info, text);
  return body;
}

std::string subject_json(const KeyInfo& info) {
  std::string details;
  JsonWriter(details)
      .begin_object()
      .key("key_id")
      .value(info.id)
      .key("name")
      .value(info.name)
      .key("role")
      .value(to_string(info.grant.role))
      .key("model")
      .value(info.grant.model)
      .end_object();
  return details;
}

// "name", "role" and "model", which keys and grants have in common.
Status read_grant(JsonMembers& members, KeyRequest& request) {
  SLIPWAY_TRY(const JsonValue name, members.require("name"));
  SLIPWAY_TRY(request.name, name.text());
  SLIPWAY_TRY(const JsonValue role, members.require("role"));
  SLIPWAY_TRY(const std::string_view role_text, role.text());
  const auto parsed = parse_role(role_text);
  if (!parsed) {
    return role.refuse(quoted(role_text) +
                       " is not a role; viewer, predictor, data-scientist, approver, operator, admin and auditor are");
  }
  request.grant.role = *parsed;
  if (const auto model = members.take("model")) {
    SLIPWAY_TRY(request.grant.model, model->text());
  }
  return {};
}

Result<KeyRequest> parse_key_request(std::string_view body) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(body, kBodyBytesMax, kReason));
  SLIPWAY_TRY(JsonMembers members, document.root().object());
  KeyRequest request;
  SLIPWAY_CHECK(read_grant(members, request));
  if (const auto days = members.take("expires_in_days"); days && !days->element().is_null()) {
    SLIPWAY_TRY(const std::uint64_t count, days->natural());
    request.expires_in_days = static_cast<std::int64_t>(count);
  }
  SLIPWAY_CHECK(members.finish());
  return request;
}

Result<KeyRequest> parse_grant_request(std::string_view body) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(body, kBodyBytesMax, kReason));
  SLIPWAY_TRY(JsonMembers members, document.root().object());
  KeyRequest request;
  SLIPWAY_CHECK(read_grant(members, request));
  SLIPWAY_CHECK(members.finish());
  return request;
}

void write_grant(JsonWriter& json, std::string_view name, const Grant& grant) {
  json.key("name").value(name).key("role").value(to_string(grant.role)).key("model").value(grant.model);
}

std::string grant_json(const KeyRequest& request) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  write_grant(json, request.name, request.grant);
  json.end_object();
  return text;
}

Result<std::string> list_grants(AccessControl& access) {
  SLIPWAY_TRY(const auto grants, access.list_grants());
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("grants").begin_array();
  for (const GrantInfo& info : grants) {
    json.begin_object().key("principal").value(info.principal_id);
    write_grant(json, info.name, info.grant);
    json.key("created").value(format_time(info.created)).key("created_by").value(info.created_by).end_object();
  }
  json.end_array().end_object();
  return body;
}

Result<std::chrono::minutes> parse_grace(std::string_view body) {
  std::int64_t minutes = kGraceMinutesDefault;
  if (!body.empty()) {
    SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(body, kBodyBytesMax, kReason));
    SLIPWAY_TRY(JsonMembers members, document.root().object());
    if (const auto grace = members.take("grace_minutes")) {
      SLIPWAY_TRY(const std::uint64_t count, grace->natural());
      minutes = static_cast<std::int64_t>(count);
    }
    SLIPWAY_CHECK(members.finish());
  }
  return std::chrono::minutes(minutes);
}

Result<std::string> list(AccessControl& access) {
  SLIPWAY_TRY(const auto keys, access.list_keys());
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("keys").begin_array();
  for (const KeyInfo& info : keys) write_key(json, info, {});
  json.end_array().end_object();
  return body;
}

}  // namespace

void add_key_routes(Router& router, AccessControl& access, const DecisionLog& decisions) {
  const auto add = [&](Method method, std::string pattern, WorkerHandler handler) {
    const bool has_body = method == Method::kPost;
    router.add({.method = method,
                .pattern = std::move(pattern),
                .permission = Permission::kManageAccess,
                .body = has_body ? BodyKind::kBuffered : BodyKind::kNone,
                .body_bytes_max = has_body ? kBodyBytesMax : 0,
                .handler = std::move(handler)});
  };

  add(Method::kGet, "/api/v1/keys",
      [&access](const HttpRequest& request) { return json_response(request, list(access)); });
  add(Method::kPost, "/api/v1/keys", [&access, decisions](const HttpRequest& request) {
    return decisions.decide(request, "key.create", 201, [&](DecisionSubject& subject) -> Result<std::string> {
      SLIPWAY_TRY(const KeyRequest wanted, parse_key_request(as_text(request.body)));
      SLIPWAY_TRY(const IssuedKey issued, access.create_key(wanted, request.principal->id));
      subject.details = subject_json(issued.info);
      return key_json(issued.info, issued.text.reveal());
    });
  });
  add(Method::kPost, "/api/v1/keys/{id}/rotate", [&access, decisions](const HttpRequest& request) {
    return decisions.decide(request, "key.rotate", 200, [&](DecisionSubject& subject) -> Result<std::string> {
      SLIPWAY_TRY(const auto grace, parse_grace(as_text(request.body)));
      SLIPWAY_TRY(const IssuedKey issued, access.rotate_key(request.parameter("id"), grace));
      subject.details = subject_json(issued.info);
      return key_json(issued.info, issued.text.reveal());
    });
  });
  add(Method::kPost, "/api/v1/keys/{id}/revoke", [&access, decisions](const HttpRequest& request) {
    return decisions.decide(request, "key.revoke", 200, [&](DecisionSubject& subject) -> Result<std::string> {
      SLIPWAY_TRY(const KeyInfo info, access.revoke_key(request.parameter("id"), request.principal->id));
      subject.details = subject_json(info);
      return key_json(info);
    });
  });

  add(Method::kGet, "/api/v1/grants",
      [&access](const HttpRequest& request) { return json_response(request, list_grants(access)); });
  add(Method::kPost, "/api/v1/grants", [&access, decisions](const HttpRequest& request) {
    return decisions.decide(request, "grant.add", 201, [&](DecisionSubject& subject) -> Result<std::string> {
      SLIPWAY_TRY(const KeyRequest wanted, parse_grant_request(as_text(request.body)));
      SLIPWAY_CHECK(access.add_grant(wanted.name, wanted.grant, request.principal->id));
      return subject.details = grant_json(wanted);
    });
  });
  add(Method::kPost, "/api/v1/grants/revoke", [&access, decisions](const HttpRequest& request) {
    return decisions.decide(request, "grant.revoke", 200, [&](DecisionSubject& subject) -> Result<std::string> {
      SLIPWAY_TRY(const KeyRequest wanted, parse_grant_request(as_text(request.body)));
      SLIPWAY_CHECK(access.remove_grant(wanted.name, wanted.grant));
      return subject.details = grant_json(wanted);
    });
  });
}

}  // namespace slipway
