#include "protocol/mlflow/errors.h"

#include <array>

#include "base/json_writer.h"
#include "protocol/mlflow/unsupported.h"

namespace slipway::mlflow {
namespace {

// By the number of the code.
constexpr std::array<ErrorForm, 17> kForms = {{
    {"INTERNAL_ERROR", 500},           // ok: never an error
    {"CANCELLED", 499},                // cancelled
    {"INTERNAL_ERROR", 500},           // unknown
    {"INVALID_PARAMETER_VALUE", 400},  // invalid_argument
    {"DEADLINE_EXCEEDED", 504},        // deadline_exceeded
    {"RESOURCE_DOES_NOT_EXIST", 404},  // not_found
    {"RESOURCE_ALREADY_EXISTS", 400},  // already_exists
    {"PERMISSION_DENIED", 403},        // permission_denied
    {"REQUEST_LIMIT_EXCEEDED", 429},   // resource_exhausted
    {"INVALID_PARAMETER_VALUE", 400},  // failed_precondition
    {"TEMPORARILY_UNAVAILABLE", 503},  // aborted
    {"INVALID_PARAMETER_VALUE", 400},  // out_of_range
    {"NOT_IMPLEMENTED", 501},          // unimplemented
    {"INTERNAL_ERROR", 500},           // internal
    {"TEMPORARILY_UNAVAILABLE", 503},  // unavailable
    {"DATA_LOSS", 500},                // data_loss
    {"UNAUTHENTICATED", 401},          // unauthenticated
}};

// What HTTP itself refused, by its status.
std::string_view code_of_status(int status) noexcept {
  switch (status) {
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
    case 405:
      return "ENDPOINT_NOT_FOUND";
    case 429:
      return "REQUEST_LIMIT_EXCEEDED";
    case 501:
      return "NOT_IMPLEMENTED";
    case 503:
      return "TEMPORARILY_UNAVAILABLE";
    default:
      return status < 500 ? "BAD_REQUEST" : "INTERNAL_ERROR";
  }
}

HttpResponse refusal(const Error& error, const HttpRequest& request, int status) {
  if (const std::string_view why = unsupported_call(request.path); status == 404 && !why.empty()) {
    return error_response({"NOT_IMPLEMENTED", 501}, why);
  }
  return error_response({code_of_status(status), status}, error.message);
}

}  // namespace

ErrorForm error_form(Code code) noexcept { return kForms[static_cast<std::size_t>(code)]; }

HttpResponse error_response(const Error& error) { return error_response(error_form(error.code), error.message); }

HttpResponse error_response(ErrorForm form, std::string_view message) {
  HttpResponse response;
  response.status = form.status;
  JsonWriter json(response.body);
  json.begin_object().key("error_code").value(form.error_code).key("message").value(message).end_object();
  if (form.status == 401)
    response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"slipway\", Bearer realm=\"slipway\"");
  if (form.status == 429 || form.status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

void add_error_writers(Router& router) {
  for (const char* prefix : {"/api/2.0/", "/api/3.0/", "/ajax-api/", "/v1/traces", "/graphql"})
    router.add_error_writer(prefix, refusal);
}

}  // namespace slipway::mlflow
