#include "protocol/mlflow/wire.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/bytes.h"
#include "protocol/percent.h"

namespace slipway::mlflow {
namespace {

constexpr std::string_view kReason = "request.invalid";
constexpr std::size_t kShownBytesMax = 256;
constexpr std::size_t kKeptParserBytesMax = 256 << 10;  // a parser keeps about ten times as much memory
constexpr std::size_t kQueryArgumentsMax = 10'000;

using simdjson::dom::element;
using simdjson::dom::element_type;

tl::unexpected<Error> invalid(std::string message) { return fail(Code::kInvalidArgument, kReason, std::move(message)); }

// Cut at a character's border.
std::string shown(std::string_view json) {
  if (json.size() <= kShownBytesMax) return std::string(json);
  std::size_t size = kShownBytesMax;
  while (size > 0 && (static_cast<unsigned char>(json[size]) & 0xC0U) == 0x80) --size;
  return std::string(json.substr(0, size)) + "…";
}

std::string json_text(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

template <typename T>
std::optional<T> parse_whole(std::string_view text) noexcept {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<double> parse_number(std::string_view text) noexcept {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  const auto value = parse_whole<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;  // from_chars also takes "nan" and "inf"
}

std::optional<std::int64_t> integer_of(const element& value) noexcept {
  if (value.is_int64()) return value.get_int64().value_unsafe();
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return parse_whole<std::int64_t>(text);
  double number = 0;
  constexpr double kExactMax = 9007199254740992.0;  // 2^53
  if (value.is_double() && value.get(number) == simdjson::SUCCESS && std::floor(number) == number &&
      std::abs(number) <= kExactMax) {
    return static_cast<std::int64_t>(number);
  }
  return std::nullopt;
}

std::optional<double> number_of(const element& value) noexcept {
  double number = 0;
  if (value.get(number) == simdjson::SUCCESS) return number;
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? parse_number(text) : std::nullopt;
}

// Experiments have decimal ids, which some clients write as numbers.
bool may_be_number(std::string_view name) noexcept { return name == "experiment_id" || name == "experiment_ids"; }

std::optional<std::string> text_of(const element& value, std::string_view name) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) return std::string(text);
  if (value.is_int64() && may_be_number(name)) return std::to_string(value.get_int64().value_unsafe());
  return std::nullopt;
}

bool is_case_insensitively(std::string_view text, std::string_view lower) noexcept {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char c, char l) { return c == l || (c >= 'A' && c <= 'Z' && c + 32 == l); });
}

std::optional<bool> parse_flag(std::string_view text) noexcept {
  if (is_case_insensitively(text, "true")) return true;
  if (is_case_insensitively(text, "false")) return false;
  return std::nullopt;
}

Result<element> parse_json(simdjson::dom::parser& parser, std::string_view text, bool is_padded) {
  element root;
  if (const auto error = parser.parse(text.data(), text.size(), !is_padded).get(root); error != simdjson::SUCCESS) {
    return invalid(std::string("The body is not JSON: ") + simdjson::error_message(error));
  }
  return root;
}

// What a parser made lives until its next use, so the two layers of a body that was encoded twice need one each.
Result<std::string> run(const Handler& handler, const HttpRequest& request, simdjson::dom::parser& outer) {
  SLIPWAY_TRY(element root, parse_json(outer, as_text(request.body), true));
  simdjson::dom::parser inner;
  if (std::string_view text; root.get(text) == simdjson::SUCCESS) {
    SLIPWAY_TRY(root, parse_json(inner, text, false));
  }
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) return invalid("The body is not a JSON object");
  return handler(Arguments(object), request);
}

Result<std::string> read_and_run(const Handler& handler, const HttpRequest& request) {
  if (request.body.empty()) {
    SLIPWAY_TRY(const QueryArguments query, parse_query(request.query));
    return handler(Arguments(query), request);
  }
  if (request.body.size() > kKeptParserBytesMax) {
    simdjson::dom::parser parser;
    return run(handler, request, parser);
  }
  thread_local simdjson::dom::parser parser;
  return run(handler, request, parser);
}

}  // namespace

Result<QueryArguments> parse_query(std::string_view query) {
  QueryArguments arguments;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    if (arguments.size() == kQueryArgumentsMax) return invalid("The query has too many arguments");
    const std::size_t equals = std::min(pair.find('='), pair.size());
    SLIPWAY_TRY(std::string name, decode_query_component(pair.substr(0, equals)));
    SLIPWAY_TRY(std::string value, decode_query_component(pair.substr(std::min(equals + 1, pair.size()))));
    arguments.emplace_back(std::move(name), std::move(value));
  }
  return arguments;
}

std::optional<element> Arguments::find(std::string_view name) const {
  const auto* object = std::get_if<simdjson::dom::object>(&source_);
  if (object == nullptr) return std::nullopt;
  element value;
  if (object->at_key(name).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

const std::string* Arguments::find_in_query(std::string_view name) const {
  const auto* query = std::get_if<const QueryArguments*>(&source_);
  if (query == nullptr) return nullptr;
  const auto found =
      std::find_if((*query)->begin(), (*query)->end(), [&](const auto& pair) { return pair.first == name; });
  return found == (*query)->end() ? nullptr : &found->second;
}

std::string Arguments::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + '.' + std::string(name);
}

tl::unexpected<Error> Arguments::wrong_type(std::string_view name, std::string_view expected) const {
  const std::string* const text = find_in_query(name);
  const std::string found = text != nullptr ? json_text(*text) : simdjson::minify(find(name).value_or(element()));
  return invalid_value(path_of(name), found, expected);
}

bool Arguments::has(std::string_view name) const { return find(name).has_value() || find_in_query(name) != nullptr; }

Result<std::optional<std::string>> Arguments::optional_text(std::string_view name) const {
  if (const std::string* text = find_in_query(name)) return *text;
  const auto value = find(name);
  if (!value) return std::nullopt;
  auto text = text_of(*value, name);
  if (!text) return wrong_type(name, "a text is expected");
  return text;
}

Result<std::string> Arguments::text(std::string_view name) const {
  SLIPWAY_TRY(auto text, optional_text(name));
  return std::move(text).value_or(std::string());
}

Result<std::string> Arguments::name_or_number(std::string_view name) const {
  if (const auto value = find(name); value && value->is_int64())
    return std::to_string(value->get_int64().value_unsafe());
  return text(name);
}

Result<std::optional<std::int64_t>> Arguments::integer(std::string_view name) const {
  std::optional<std::int64_t> number;
  if (const std::string* text = find_in_query(name)) {
    number = parse_whole<std::int64_t>(*text);
  } else if (const auto value = find(name)) {
    number = integer_of(*value);
  } else {
    return std::nullopt;
  }
  if (!number) return wrong_type(name, "an integer of 64 bits is expected");
  return number;
}

Result<std::optional<double>> Arguments::number(std::string_view name) const {
  std::optional<double> number;
  if (const std::string* text = find_in_query(name)) {
    number = parse_number(*text);
  } else if (const auto value = find(name)) {
    number = number_of(*value);
  } else {
    return std::nullopt;
  }
  if (!number) return wrong_type(name, "a number is expected");
  return number;
}

Result<std::optional<bool>> Arguments::boolean(std::string_view name) const {
  std::optional<bool> flag;
  if (const std::string* text = find_in_query(name)) {
    flag = parse_flag(*text);
  } else if (const auto value = find(name)) {
    if (value->is_bool()) flag = value->get_bool().value_unsafe();
  } else {
    return std::nullopt;
  }
  if (!flag) return wrong_type(name, "true or false is expected");
  return flag;
}

Result<std::vector<std::string>> Arguments::texts(std::string_view name, std::size_t count_max) const {
  std::vector<std::string> all;
  if (const auto* query = std::get_if<const QueryArguments*>(&source_)) {
    for (const auto& [key, value] : **query) {
      if (key == name) all.push_back(value);
    }
  } else if (const auto value = find(name)) {
    simdjson::dom::array array;
    if (value->get(array) != simdjson::SUCCESS) return wrong_type(name, "a list of texts is expected");
    for (const element item : array) {
      auto text = text_of(item, name);
      if (!text) return wrong_type(name, "a list of texts is expected");
      all.push_back(*std::move(text));
    }
  }
  if (all.size() > count_max) {
    return invalid("Parameter '" + path_of(name) + "' has " + std::to_string(all.size()) + " elements; at most " +
                   std::to_string(count_max) + " are accepted");
  }
  return all;
}

Result<std::vector<Arguments>> Arguments::objects(std::string_view name, std::size_t count_max) const {
  std::vector<Arguments> all;
  if (find_in_query(name) != nullptr) return wrong_type(name, "a list of objects is expected");
  const auto value = find(name);
  if (!value) return all;
  simdjson::dom::array array;
  if (value->get(array) != simdjson::SUCCESS) return wrong_type(name, "a list of objects is expected");
  for (const element item : array) {
    simdjson::dom::object object;
    if (item.get(object) != simdjson::SUCCESS) return wrong_type(name, "a list of objects is expected");
    if (all.size() == count_max) {
      return invalid("Parameter '" + path_of(name) + "' has more than " + std::to_string(count_max) + " elements");
    }
    all.emplace_back(object, path_of(name) + '[' + std::to_string(all.size()) + ']');
  }
  return all;
}

Result<std::optional<Arguments>> Arguments::object(std::string_view name) const {
  if (find_in_query(name) != nullptr) return wrong_type(name, "an object is expected");
  const auto value = find(name);
  if (!value) return std::nullopt;
  simdjson::dom::object object;
  if (value->get(object) != simdjson::SUCCESS) return wrong_type(name, "an object is expected");
  return Arguments(object, path_of(name));
}

Result<std::string> Arguments::require_text(std::string_view name) const {
  SLIPWAY_TRY(std::string found, text(name));
  if (found.empty()) return missing_value(path_of(name));
  return found;
}

Result<std::int64_t> Arguments::require_integer(std::string_view name) const {
  SLIPWAY_TRY(const auto found, integer(name));
  if (!found) return missing_value(path_of(name));
  return *found;
}

Result<double> Arguments::require_number(std::string_view name) const {
  SLIPWAY_TRY(const auto found, number(name));
  if (!found) return missing_value(path_of(name));
  return *found;
}

tl::unexpected<Error> invalid_value(std::string_view path, std::string_view found_json, std::string_view why) {
  std::string message = "Invalid value " + shown(found_json) + " for parameter '" + std::string(path) + "' supplied";
  if (!why.empty()) message.append(": ").append(why);
  return invalid(std::move(message));
}

tl::unexpected<Error> missing_value(std::string_view path) {
  return invalid("Missing value for required parameter '" + std::string(path) + "'.");
}

HttpResponse answer(const HttpRequest& request, const Handler& handler) {
  auto body = read_and_run(handler, request);
  if (!body) return error_response(body.error());
  HttpResponse response;
  response.body = body->empty() ? "{}" : *std::move(body);
  return response;
}

void add_route(Router& router, Method method, std::string_view path, Permission permission, const Handler& handler,
               const RouteOptions& options) {
  const bool has_body = method != Method::kGet;
  for (const std::string_view api : {"/api/", "/ajax-api/"}) {
    router.add({.method = method,
                .pattern = std::string(api).append(options.version).append("/mlflow/").append(path),
                .permission = permission,
                .body = has_body ? BodyKind::kBuffered : BodyKind::kNone,
                .body_bytes_max = has_body ? options.body_bytes_max : 0,
                .handler = WorkerHandler([handler](const HttpRequest& request) { return answer(request, handler); })});
  }
}

void write_number(JsonWriter& json, double number) {
  if (std::isnan(number)) {
    json.value("NaN");
  } else if (std::isinf(number)) {
    json.value(number > 0 ? "Infinity" : "-Infinity");
  } else {
    json.value(number);
  }
}

}  // namespace slipway::mlflow
