#include "protocol/admin/audit_routes.h"

#include <charconv>

#include "audit/query.h"
#include "audit/receipt.h"
#include "audit/verify_json.h"
#include "base/bytes.h"
#include "base/json_writer.h"
#include "protocol/admin/decision.h"

namespace slipway {
namespace {

constexpr std::size_t kLimitDefault = 100;

tl::unexpected<Error> refuse(std::string_view name, std::string_view found, std::string_view accepted) {
  return fail(Code::kInvalidArgument, "request.invalid_query",
              "query parameter " + std::string(name) + ": " + quoted(found) + " found; " + std::string(accepted));
}

Result<std::optional<std::string>> text_of(const HttpRequest& request, std::string_view name) {
  SLIPWAY_TRY(auto value, request.query_parameter(name));
  if (value && value->empty()) value.reset();
  return value;
}

Result<std::optional<std::uint64_t>> number_of(const HttpRequest& request, std::string_view name) {
  SLIPWAY_TRY(const auto text, text_of(request, name));
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size())
    return refuse(name, *text, "a whole number is accepted");
  return number;
}

Result<std::optional<WallTime>> time_of(const HttpRequest& request, std::string_view name) {
  SLIPWAY_TRY(const auto text, text_of(request, name));
  if (!text) return std::nullopt;
  const auto time = parse_time(*text);
  if (!time) return refuse(name, *text, "a time such as 2026-11-24T22:27:32Z or a date is accepted");
  return *time;
}

Result<Id> id_of(std::string_view text) {
  const auto id = Id::parse(text);
  if (!id) return fail(Code::kInvalidArgument, "request.invalid_id", quoted(text) + " is not a request id (a UUID)");
  return *id;
}

Result<audit::Query> parse_query(const HttpRequest& request) {
  audit::Query query;
  SLIPWAY_TRY(query.from, time_of(request, "since"));
  SLIPWAY_TRY(query.until, time_of(request, "until"));
  SLIPWAY_TRY(query.endpoint, text_of(request, "endpoint"));
  SLIPWAY_TRY(query.version, text_of(request, "version"));
  SLIPWAY_TRY(query.principal, text_of(request, "principal"));
  SLIPWAY_TRY(const auto id, text_of(request, "request_id"));
  if (id) {
    SLIPWAY_TRY(query.id, id_of(*id));
  }
  SLIPWAY_TRY(const auto kind, text_of(request, "kind"));
  if (kind) {
    query.kind = audit::parse_kind(*kind);
    if (!query.kind) return refuse("kind", *kind, "prediction, decision and refusal are accepted");
  }
  SLIPWAY_TRY(const auto limit, number_of(request, "limit"));
  query.limit = limit.value_or(kLimitDefault);
  if (query.limit == 0 || query.limit > audit::kQueryLimitMax) {
    return refuse("limit", std::to_string(query.limit),
                  "1 to " + std::to_string(audit::kQueryLimitMax) + " are accepted");
  }
  SLIPWAY_TRY(query.cursor, number_of(request, "cursor"));
  return query;
}

Result<std::string> records(const HttpRequest& request, const audit::AuditLog& log) {
  SLIPWAY_TRY(const audit::Query wanted, parse_query(request));
  SLIPWAY_TRY(const audit::QueryPage page, audit::query(log.catalog(), wanted));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("records").begin_array();
  for (const audit::StoredRecord& stored : page.records) audit::write_json(json, stored.index, stored.record());
  json.end_array().key("next_cursor");
  page.next ? json.value(std::to_string(*page.next)) : json.null();
  json.end_object();
  return body;
}

HttpResponse text_response(const HttpRequest& request, Result<std::string> text) {
  HttpResponse response = json_response(request, std::move(text));
  if (response.status == 200) response.content_type = "text/plain; charset=utf-8";
  return response;
}

Result<std::string> receipt_of(const HttpRequest& request, audit::AuditLog& log) {
  SLIPWAY_TRY(const Id id, id_of(request.parameter("id")));
  return audit::receipt(log, id);
}

Result<std::string> key_json(const audit::AuditLog& log) {
  std::string body;
  JsonWriter(body).begin_object().key("vkey").value(log.public_key().to_string()).end_object();
  return body;
}

}  // namespace

void add_audit_routes(Router& router, audit::AuditLog& log, std::filesystem::path directory) {
  const auto add = [&](Method method, std::string pattern, WorkerHandler handler, WorkKind work = WorkKind::kQuick) {
    router.add({.method = method,
                .pattern = std::move(pattern),
                .permission = Permission::kReadAudit,
                .body = BodyKind::kNone,
                .body_bytes_max = 0,
                .handler = std::move(handler),
                .work = work});
  };
  add(Method::kGet, "/api/v1/audit/records",
      [&log](const HttpRequest& request) { return json_response(request, records(request, log)); });
  add(Method::kGet, "/api/v1/audit/receipts/{id}",
      [&log](const HttpRequest& request) { return text_response(request, receipt_of(request, log)); });
  add(Method::kGet, "/api/v1/audit/key",
      [&log](const HttpRequest& request) { return json_response(request, key_json(log)); });
  add(Method::kGet, "/api/v1/audit/checkpoint",
      [&log](const HttpRequest& request) { return text_response(request, log.sign_checkpoint()); });
  add(
      Method::kPost, "/api/v1/audit/verify",
      [directory = std::move(directory)](const HttpRequest& request) {
        const auto report = audit::verify(directory);
        if (!report) return error_response(report.error(), request);
        return json_response(request, audit::to_json(*report));
      },
      WorkKind::kHeavy);
}

}  // namespace slipway
