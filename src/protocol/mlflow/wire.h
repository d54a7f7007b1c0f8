// How a request of the MLflow REST API is read and answered, the same for all its routes.
//
// Arguments come from the query string of a GET (repeated keys for lists) and from a JSON body otherwise, which old
// clients encode twice. Unknown arguments are ignored, null is as good as absent, an integer may come as a text, and
// "NaN", "Infinity", "-Infinity" are numbers, as protobuf's JSON has it. Included by .cc files only: it brings
// simdjson.
//
// Errors are {"error_code": …, "message": …}; protocol/mlflow/errors.h maps ours to MLflow's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "access/permission.h"
#include "base/json_writer.h"
#include "base/result.h"
#include "protocol/http.h"
#include "protocol/mlflow/errors.h"

namespace slipway::mlflow {

using QueryArguments = std::vector<std::pair<std::string, std::string>>;  // decoded, in their order
// Fails with invalid_argument "http.bad_query" where an escape is broken or a value is not UTF-8.
Result<QueryArguments> parse_query(std::string_view query);

// The arguments of one request, or one object inside them. Cheap to copy; valid inside the handler they are given to.
//
// Each getter fails with invalid_argument "request.invalid" on a value of another type, and says where it stands.
class Arguments {
 public:
  explicit Arguments(const QueryArguments& query) : source_(&query) {}
  explicit Arguments(simdjson::dom::object object, std::string path = {}) : source_(object), path_(std::move(path)) {}

  bool has(std::string_view name) const;
  Result<std::string> text(std::string_view name) const;  // "" when absent
  Result<std::optional<std::string>> optional_text(std::string_view name) const;
  Result<std::string> name_or_number(std::string_view name) const;  // of an enumeration; "" when absent
  Result<std::optional<std::int64_t>> integer(std::string_view name) const;
  Result<std::optional<double>> number(std::string_view name) const;
  Result<std::optional<bool>> boolean(std::string_view name) const;
  Result<std::vector<std::string>> texts(std::string_view name, std::size_t count_max) const;  // empty when absent
  Result<std::vector<Arguments>> objects(std::string_view name, std::size_t count_max) const;
  Result<std::optional<Arguments>> object(std::string_view name) const;

  // "" as well as absent count as missing: "Missing value for required parameter 'run_id'".
  Result<std::string> require_text(std::string_view name) const;
  Result<std::int64_t> require_integer(std::string_view name) const;
  Result<double> require_number(std::string_view name) const;

  // "metrics[0].name": where this argument stands, for messages.
  std::string path_of(std::string_view name) const;

 private:
  std::optional<simdjson::dom::element> find(std::string_view name) const;  // null counts as absent
  const std::string* find_in_query(std::string_view name) const;
  tl::unexpected<Error> wrong_type(std::string_view name, std::string_view expected) const;

  std::variant<simdjson::dom::object, const QueryArguments*> source_;
  std::string path_;
};

// "Invalid value <compact JSON> for parameter '<path>' supplied: WHY".
tl::unexpected<Error> invalid_value(std::string_view path, std::string_view found_json, std::string_view why);
tl::unexpected<Error> missing_value(std::string_view path);

// Answers with the returned text as JSON, "" for {}, or its error in MLflow's form.
using Handler = std::function<Result<std::string>(const Arguments&, const HttpRequest&)>;

constexpr std::uint64_t kBodyBytesMax = 1 << 20;

struct RouteOptions {
  std::uint64_t body_bytes_max = kBodyBytesMax;
  std::string_view version = "2.0";
};

// Adds the route under /api/2.0/mlflow/ and /ajax-api/2.0/mlflow/. `path` is "runs/create". A GET takes no body.
void add_route(Router& router, Method method, std::string_view path, Permission permission, const Handler& handler,
               const RouteOptions& options = {});

// Reads the arguments of `request`, runs `handler`, writes its answer: what add_route() does, for other prefixes.
HttpResponse answer(const HttpRequest& request, const Handler& handler);

// A double as protobuf's JSON has it: NaN and infinities as texts.
void write_number(JsonWriter& json, double number);

}  // namespace slipway::mlflow
