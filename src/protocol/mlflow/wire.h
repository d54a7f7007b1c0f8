// How a request of the MLflow REST API is read and answered, the same for all its routes.
//
// Arguments come from the query string of a GET (repeated keys for lists) and from a JSON body otherwise. Unknown
// arguments are ignored, numbers may come as strings and the other way round, and "NaN", "Infinity", "-Infinity" are
// numbers, as protobuf's JSON has it. Included by .cc files only: it brings simdjson.
//
// Errors are {"error_code": …, "message": …}; this is the one place that maps ours to MLflow's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/permission.h"
#include "base/json_writer.h"
#include "base/result.h"
#include "protocol/http.h"

namespace slipway::mlflow {

// The arguments of one request, or one object inside them. Cheap to copy; valid while its Request lives.
class Arguments {
 public:
  struct State;
  explicit Arguments(const State* state, const void* object, std::string path);

  // "" as well as absent count as missing: "Missing value for required parameter 'run_id'. …".
  Result<std::string> require_text(std::string_view name) const;
  Result<std::string> text(std::string_view name) const;  // "" when absent
  Result<std::optional<std::string>> optional_text(std::string_view name) const;
  Result<std::optional<std::int64_t>> integer(std::string_view name) const;
  Result<std::optional<double>> number(std::string_view name) const;
  Result<std::optional<bool>> boolean(std::string_view name) const;
  Result<std::vector<std::string>> texts(std::string_view name, std::size_t count_max) const;
  Result<std::vector<Arguments>> objects(std::string_view name, std::size_t count_max) const;
  Result<std::optional<Arguments>> object(std::string_view name) const;
  // "metrics[0].name": where this argument stands, for messages.
  std::string path_of(std::string_view name) const;

 private:
  const State* state_;
  const void* object_;
  std::string path_;
};

// "Invalid value <compact JSON> for parameter '<path>' supplied: WHY".
tl::unexpected<Error> invalid_value(std::string_view path, std::string_view found_json, std::string_view why);
tl::unexpected<Error> missing_value(std::string_view path);

// Answers with `body` as JSON, or its error in MLflow's form. Body: (const Arguments&, const HttpRequest&) ->
// Result<std::string>, where "" means {}.
using Handler = std::function<Result<std::string>(const Arguments&, const HttpRequest&)>;

constexpr std::uint64_t kBodyBytesMax = 1 << 20;

// Adds the route under /api/2.0/mlflow/ and /ajax-api/2.0/mlflow/ ("3.0" with `api_version` 3). `path` is
// "runs/create".
void add_route(Router& router, Method method, std::string_view path, Permission permission, Handler handler,
               std::uint64_t body_bytes_max = kBodyBytesMax, int api_version = 2);

// {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": …} with its HTTP status.
HttpResponse error_response(const Error& error, const HttpRequest& request);
std::string_view error_code(Code code) noexcept;  // "RESOURCE_DOES_NOT_EXIST", …

// A double as protobuf's JSON has it: NaN and infinities as strings.
void write_number(JsonWriter& json, double number);

}  // namespace slipway::mlflow
