#include "cli/json_fields.h"

namespace slipway::cli {

Result<json::value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = 64;
  boost::system::error_code error;
  json::value value = json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return fail(Code::kUnavailable, "cli.bad_reply", "the answer is not JSON: " + error.message());
  return value;
}

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr || value->is_null() || value->is_structured()) return "";
  if (const json::string* text = value->if_string()) return {text->data(), text->size()};
  return json::serialize(*value);
}

std::uint64_t count_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains({key.data(), key.size()});
  if (value == nullptr) return 0;
  boost::system::error_code error;
  const auto number = value->to_number<std::uint64_t>(error);
  return error ? 0 : number;
}

const json::object& object_at(const json::object& object, std::string_view key) {
  static const json::object empty;
  const json::value* value = object.if_contains({key.data(), key.size()});
  return value != nullptr && value->is_object() ? value->get_object() : empty;
}

const json::array& array_at(const json::object& object, std::string_view key) {
  static const json::array empty;
  const json::value* value = object.if_contains({key.data(), key.size()});
  return value != nullptr && value->is_array() ? value->get_array() : empty;
}

const json::object& as_object(const json::value& value) {
  static const json::object empty;
  return value.is_object() ? value.get_object() : empty;
}

}  // namespace slipway::cli
