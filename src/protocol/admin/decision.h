// Runs a decision (push, approve, create a key, …) and keeps a record of it, whether it was carried out or refused.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "audit/log.h"
#include "protocol/http.h"

namespace slipway {

// What a decision was about; filled in by the decision as it learns it.
struct DecisionSubject {
  std::string model;
  std::string version;
  std::optional<Digest> bundle;
  std::string details;  // one JSON value, or empty
};

class DecisionLog {
 public:
  explicit DecisionLog(audit::AuditLog& log) : log_(&log) {}

  // Answers with what `body` returns: JSON with `status`, or its error. The record is durable before the answer leaves.
  // While the log has failed, `body` is not called (unavailable "audit.failed"). When the log fails between the two the
  // answer says so, although the decision stands.
  HttpResponse decide(const HttpRequest& request, std::string_view action, int status,
                      const std::function<Result<std::string>(DecisionSubject&)>& body) const;
  // The same for dialects that write answers and errors their own way.
  Result<std::string> carry_out(const HttpRequest& request, std::string_view action, int status,
                                const std::function<Result<std::string>(DecisionSubject&)>& body) const;

 private:
  audit::AuditLog* log_;
};

// JSON with `status`, or the error.
HttpResponse json_response(const HttpRequest& request, Result<std::string> body, int status = 200);

}  // namespace slipway
