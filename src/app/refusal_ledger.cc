#include "app/refusal_ledger.h"

#include "base/bytes.h"
#include "base/json_writer.h"

namespace slipway {
namespace {

constexpr std::string_view kOthers = "_other";

// The path of a request can be anything; a record holds short UTF-8.
std::string_view recordable(std::string_view text) noexcept {
  return text.size() <= audit::kTextBytesMax && is_utf8(text) ? text : std::string_view();
}

std::string details_of(std::string_view reason, std::uint64_t count) {
  std::string details;
  JsonWriter(details).begin_object().key("reason").value(reason).key("count").value(count).end_object();
  return details;
}

}  // namespace

void RefusalLedger::note(const Refusal& refusal) {
  std::lock_guard lock(mutex_);
  std::pair<std::string, std::string> key(refusal.principal, refusal.reason);
  if (entries_.size() >= kEntriesMax && !entries_.contains(key)) key.first = kOthers;
  Entry& entry = entries_[std::move(key)];
  if (entry.count++ > 0) return;
  entry.code = refusal.code;
  entry.http_status = refusal.http_status;
  entry.action = refusal.action;
  entry.model = recordable(refusal.model);
  entry.request_id = refusal.request_id;
  entry.trace = refusal.trace;
}

Status RefusalLedger::flush(audit::AuditLog& log, WallTime now) {
  std::map<std::pair<std::string, std::string>, Entry> noted;
  {
    std::lock_guard lock(mutex_);
    noted.swap(entries_);
  }
  Status status;
  for (const auto& [key, entry] : noted) {
    const std::string details = details_of(key.second, entry.count);
    audit::Record record;
    record.time = now;
    record.id = entry.request_id;
    record.kind = audit::Kind::kRefusal;
    record.outcome = entry.code;
    record.http_status = static_cast<std::uint16_t>(entry.http_status);
    record.action = entry.action;
    record.principal = key.first;
    record.endpoint = entry.model;
    record.model = entry.model;
    record.trace = entry.trace;
    record.details = details;
    if (Status appended = log.append_relaxed(record); !appended) status = std::move(appended);
  }
  return status;
}

void note_turned_away(RefusalLedger& ledger, const TurnedAway& turned_away) {
  ledger.note({.principal = turned_away.principal,
               .reason = turned_away.error.reason,
               .code = turned_away.error.code,
               .http_status = http_status(turned_away.error.code),
               .action = to_string(turned_away.permission),
               .model = turned_away.model,
               .request_id = turned_away.request.request_id,
               .trace = turned_away.request.trace.trace_id});
}

void note_unserved(RefusalLedger& ledger, const HttpRequest& request, int status) {
  if (request.principal == nullptr || !request.route.ends_with("/infer")) return;
  ledger.note({.principal = request.principal->id,
               .reason = status == 404 ? "serving.not_served" : "serving.too_many_requests",
               .code = status == 404 ? Code::kNotFound : Code::kResourceExhausted,
               .http_status = status,
               .action = "predict",
               .model = request.parameter("model"),
               .request_id = request.request_id,
               .trace = request.trace.trace_id});
}

}  // namespace slipway
