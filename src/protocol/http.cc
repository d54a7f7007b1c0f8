#include "protocol/http.h"

#include <algorithm>
#include <array>

#include "base/json_writer.h"
#include "base/log.h"
#include "protocol/percent.h"
#include "protocol/public_text.h"

namespace slipway {
namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

// By the number of the code.
constexpr std::array<int, 17> kStatusOfCode = {
    200,  // ok
    499,  // cancelled: the client went away
    500,  // unknown
    400,  // invalid_argument
    504,  // deadline_exceeded
    404,  // not_found
    409,  // already_exists
    403,  // permission_denied
    429,  // resource_exhausted
    409,  // failed_precondition: the thing is in another state than the request needs
    409,  // aborted
    400,  // out_of_range
    501,  // unimplemented
    500,  // internal
    503,  // unavailable
    500,  // data_loss
    401,  // unauthenticated
};

void write_details(JsonWriter& json, const std::vector<ErrorDetail>& details) {
  json.key("details").begin_array();
  for (const ErrorDetail& detail : details) {
    json.begin_object().key("field").value(detail.field);
    if (detail.row >= 0) json.key("row").value(detail.row);
    json.key("found").value(detail.found).key("rule").value(detail.rule).end_object();
  }
  json.end_array();
}

}  // namespace

std::string_view to_string(Method method) noexcept { return kMethods[static_cast<std::size_t>(method)]; }

std::optional<Method> parse_method(std::string_view text) noexcept {
  const auto found = std::find(kMethods.begin(), kMethods.end(), text);
  if (found == kMethods.end()) return std::nullopt;
  return static_cast<Method>(found - kMethods.begin());
}

std::string_view HttpRequest::header(std::string_view lower_case_name) const noexcept {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

std::string_view HttpRequest::parameter(std::string_view name) const noexcept {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

Result<std::optional<std::string>> HttpRequest::query_parameter(std::string_view name) const {
  return find_query_parameter(query, name);
}

int http_status(Code code) noexcept { return kStatusOfCode[static_cast<std::size_t>(code)]; }

HttpResponse error_response(const Error& error, const HttpRequest& request) {
  return error_response(error, request, http_status(error.code));
}

HttpResponse error_response(const Error& error, const HttpRequest& request, int status) {
  HttpResponse response;
  response.status = status;
  JsonWriter json(response.body);
  const std::string message = status >= 500 ? without_directories(error.message) : error.message;
  if (message != error.message) {
    log::warning("http.error",
                 {{"reason", error.reason}, {"message", error.message}, log::request_id(request.request_id)});
  }
  json.begin_object().key("error").value(message);
  json.key("code").value(to_string(error.code)).key("reason").value(error.reason);
  if (!error.details.empty()) write_details(json, error.details);
  json.key("request_id").value(request.request_id.to_string()).end_object();
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"slipway\"");
  if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return status < 400 ? "OK" : "Error";
  }
}

}  // namespace slipway
