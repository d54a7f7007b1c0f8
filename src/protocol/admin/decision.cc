#include "protocol/admin/decision.h"

#include "base/json_writer.h"

namespace slipway {
namespace {

std::string refusal_details(const Error& error) {
  std::string details;
  JsonWriter(details).begin_object().key("reason").value(error.reason).end_object();
  return details;
}

// What a request names can be longer than what a record holds, and a refused decision must be recorded all the same.
std::string_view clipped(std::string_view text) noexcept {
  if (text.size() <= audit::kTextBytesMax) return text;
  std::size_t size = audit::kTextBytesMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80) --size;  // not inside a character
  return text.substr(0, size);
}

}  // namespace

HttpResponse DecisionLog::decide(const HttpRequest& request, std::string_view action, int status,
                                 const std::function<Result<std::string>(DecisionSubject&)>& body) const {
  return json_response(request, carry_out(request, action, status, body), status);
}

Result<std::string> DecisionLog::carry_out(const HttpRequest& request, std::string_view action, int status,
                                           const std::function<Result<std::string>(DecisionSubject&)>& body) const {
  // SQL commits before the record can exist, so nothing is begun while no record can be kept.
  if (log_->stats().has_failed) {
    return fail(Code::kUnavailable, "audit.failed", std::string(action) + " was not carried out: " + log_->failure());
  }
  DecisionSubject subject;
  Result<std::string> result = body(subject);
  if (!result) subject.details = refusal_details(result.error());
  const int answered = result ? status : http_status(result.error().code);

  audit::Record record;
  record.time = system_clock().now();
  record.id = request.request_id;
  record.kind = audit::Kind::kDecision;
  record.outcome = result ? Code::kOk : result.error().code;
  record.http_status = static_cast<std::uint16_t>(answered);
  record.latency_us = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(system_clock().monotonic() - request.received).count());
  record.action = action;
  record.principal = request.principal->id;
  record.endpoint = clipped(subject.model);
  record.model = clipped(subject.model);
  record.version = clipped(subject.version);
  record.bundle = subject.bundle;
  record.trace = request.trace.trace_id;
  record.details = subject.details;
  if (auto kept = log_->append_durable(record); !kept) {
    Error error = std::move(kept).error();
    error.message = std::string(action) + " was " + (result ? "carried out" : "refused") +
                    ", but its record could not be kept: " + error.message;
    return fail(std::move(error));
  }
  return result;
}

HttpResponse json_response(const HttpRequest& request, Result<std::string> body, int status) {
  if (!body) return error_response(body.error(), request);
  HttpResponse response;
  response.status = status;
  response.body = *std::move(body);
  return response;
}

}  // namespace slipway
