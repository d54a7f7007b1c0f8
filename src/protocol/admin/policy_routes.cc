#include "protocol/admin/policy_routes.h"

#include <charconv>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "protocol/admin/page_query.h"
#include "registry/transact.h"

namespace slipway {
namespace {

void write_revision(JsonWriter& json, const PolicyRouteParts& parts, const PolicyRevision& policy) {
  json.begin_object().key("endpoint").value(policy.endpoint).key("revision").value(policy.revision);
  json.key("policy").value(policy.text).key("author").value(policy.author);
  json.key("author_name").value(parts.name_of(policy.author)).key("created").value(format_time(policy.created_at));
  json.end_object();
}

std::string revision_json(const PolicyRouteParts& parts, const PolicyRevision& policy) {
  std::string body;
  JsonWriter json(body);
  write_revision(json, parts, policy);
  return body;
}

Result<std::optional<std::int64_t>> integer_query(const HttpRequest& request, std::string_view name) {
  SLIPWAY_TRY(const auto text, request.query_parameter(name));
  if (!text) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc{} || end != text->data() + text->size() || value < 0) {
    return fail(Code::kInvalidArgument, "request.invalid_query",
                "query parameter " + std::string(name) + ": " + quoted(std::string_view(*text)) +
                    " found; a whole number is accepted");
  }
  return value;
}

Result<std::string> list(const PolicyRouteParts& parts, const HttpRequest& request) {
  SLIPWAY_TRY(const auto all, in_read(parts.database, [&](Transaction& t) { return parts.policies.all(t); }));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("policies").begin_array();
  for (const PolicyRevision& policy : all) {
    if (request.principal->may(Permission::kReadMetadata, policy.endpoint)) write_revision(json, parts, policy);
  }
  json.end_array().end_object();
  return body;
}

Result<std::string> show(const PolicyRouteParts& parts, const HttpRequest& request) {
  const std::string_view endpoint = request.parameter("model");
  SLIPWAY_TRY(const auto revision, integer_query(request, "revision"));
  SLIPWAY_TRY(const PolicyRevision policy, in_read(parts.database, [&](Transaction& t) {
                return revision ? parts.policies.get(t, endpoint, *revision) : parts.policies.newest(t, endpoint);
              }));
  return revision_json(parts, policy);
}

Result<std::string> history(const PolicyRouteParts& parts, const HttpRequest& request) {
  SLIPWAY_TRY(const PageRequest page, page_query(request));
  SLIPWAY_TRY(const auto found, in_read(parts.database, [&](Transaction& t) {
                return parts.policies.history(t, request.parameter("model"), page);
              }));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("revisions").begin_array();
  for (const PolicyRevision& policy : found.items) write_revision(json, parts, policy);
  json.end_array().key("next_page_token").value(found.next_token).end_object();
  return body;
}

// `text`: "" removes it.
HttpResponse put(const PolicyRouteParts& parts, const HttpRequest& request, std::string_view action,
                 std::string_view text) {
  return parts.decisions.decide(request, action, 200, [&](DecisionSubject& subject) -> Result<std::string> {
    const std::string_view endpoint = request.parameter("model");
    subject.model = std::string(endpoint);
    SLIPWAY_TRY(const auto expected, integer_query(request, "expected_revision"));
    SLIPWAY_TRY(const PolicyRevision made, in_write(parts.database, [&](Transaction& t) -> Result<PolicyRevision> {
                  SLIPWAY_CHECK(parts.models.model(t, endpoint));
                  return parts.policies.put(t, endpoint, text, request.principal->id, expected);
                }));
    subject.details =
        R"({"revision":)" + std::to_string(made.revision) + R"(,"sha256":")" + sha256(made.text).hex() + R"("})";
    parts.on_change();
    return revision_json(parts, made);
  });
}

HttpResponse set(const PolicyRouteParts& parts, const HttpRequest& request) {
  const std::string_view text = as_text(request.body);
  if (const Status checked = parts.check(request.parameter("model"), text); !checked) {
    return parts.decisions.decide(request, "policy.set", 200, [&](DecisionSubject& subject) -> Result<std::string> {
      subject.model = std::string(request.parameter("model"));
      return fail(checked.error());
    });
  }
  return put(parts, request, "policy.set", text);
}

HttpResponse remove(const PolicyRouteParts& parts, const HttpRequest& request) {
  return put(parts, request, "policy.remove", "");
}

}  // namespace

void add_policy_routes(Router& router, const PolicyRouteParts& parts) {
  const auto add = [&](Method method, std::string pattern, Permission permission, WorkerHandler handler) {
    const bool has_body = method == Method::kPut;
    router.add({.method = method,
                .pattern = std::move(pattern),
                .permission = permission,
                .body = has_body ? BodyKind::kBuffered : BodyKind::kNone,
                .body_bytes_max = has_body ? PolicyStore::kTextBytesMax : 0,
                .handler = std::move(handler)});
  };
  using Answer = Result<std::string> (*)(const PolicyRouteParts&, const HttpRequest&);
  const auto answer = [&](Answer make) {
    return [parts, make](const HttpRequest& request) { return json_response(request, make(parts, request)); };
  };
  const std::string policy = "/api/v1/policies/{model}";
  add(Method::kGet, "/api/v1/policies", Permission::kReadMetadata, answer(&list));
  add(Method::kGet, policy, Permission::kReadMetadata, answer(&show));
  add(Method::kGet, policy + "/history", Permission::kReadMetadata, answer(&history));
  add(Method::kPut, policy, Permission::kDeploy, [parts](const HttpRequest& request) { return set(parts, request); });
  add(Method::kDelete, policy, Permission::kDeploy,
      [parts](const HttpRequest& request) { return remove(parts, request); });
}

}  // namespace slipway
