// The errors of the MLflow REST API: the one place that maps ours to its names and HTTP statuses.
//
// Its clients ask again, for minutes, after a 408, 429, 500, 502, 503 or 504. So a mistake of the caller is never one
// of these: a failed precondition is INVALID_PARAMETER_VALUE (400) here, where MLflow itself sometimes says
// INVALID_STATE (500). Nothing has happened after `aborted`, and asking again helps: it is TEMPORARILY_UNAVAILABLE
// (503).
#pragma once

#include <string_view>

#include "base/result.h"
#include "protocol/http.h"

namespace slipway::mlflow {

struct ErrorForm {
  std::string_view error_code;  // "RESOURCE_DOES_NOT_EXIST", …
  int status = 500;
};
ErrorForm error_form(Code code) noexcept;

// {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": …} with its HTTP status.
HttpResponse error_response(const Error& error);

// For what a handler must name itself, such as an alias that does not exist (INVALID_PARAMETER_VALUE, 400).
HttpResponse error_response(ErrorForm form, std::string_view message);

// Makes the router refuse in this form under the prefixes of the MLflow API: keys that are missing or lack a right,
// paths that are no routes (ENDPOINT_NOT_FOUND, on which clients try another call), methods, sizes. What only MLflow's
// own server has is NOT_IMPLEMENTED (501).
void add_error_writers(Router& router);

}  // namespace slipway::mlflow
