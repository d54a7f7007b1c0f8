#include "protocol/inference/json_input.h"

#include <algorithm>
#include <cstring>

#include "base/bytes.h"

namespace slipway {
namespace {

Status check_scalar(JsonValue value, simdjson::ondemand::json_type type, const JsonPlace& where) {
  using simdjson::ondemand::json_type;
  switch (type) {
    case json_type::number: {
      simdjson::ondemand::number number;
      if (const auto error = value.get_number().get(number)) return bad_json(where, error);
      return {};
    }
    case json_type::string: {
      std::string_view text;
      if (const auto error = value.get_string().get(text)) return bad_json(where, error);
      return {};
    }
    case json_type::boolean: {
      bool flag = false;
      if (const auto error = value.get_bool().get(flag)) return bad_json(where, error);
      return {};
    }
    default: {
      bool is_null = false;
      if (value.is_null().get(is_null) || !is_null) return wrong_type(where, "a JSON value");
      return {};
    }
  }
}

}  // namespace

std::string JsonPlace::text() const {
  std::string out(list);
  if (index >= 0) out += "[" + std::to_string(index) + "]";
  if (!field.empty()) out.append(".").append(field);
  return out;
}

tl::unexpected<Error> bad_json(const JsonPlace& where, simdjson::error_code error) {
  return fail(Code::kInvalidArgument, "infer.bad_json",
              "the request is not valid JSON at " + where.text() + ": " + simdjson::error_message(error));
}

tl::unexpected<Error> wrong_type(const JsonPlace& where, std::string_view wanted) {
  return fail(Code::kInvalidArgument, "infer.wrong_type", where.text() + " is not " + std::string(wanted));
}

// Every value is consumed: what is merely looked at is skipped by rules that forgive a ":" behind it.
Result<std::string_view> read_text(JsonValue value, const JsonPlace& where, Arena& arena) {
  const char* quote = value.raw_json_token().data();
  if (*quote != '"') return wrong_type(where, "a string");
  const char* end = quote + 1;
  while (*end != '"' && *end != '\\') ++end;  // ends inside the document: unclosed strings are found before
  if (*end == '"') {
    simdjson::ondemand::raw_json_string raw;
    if (const auto error = value.get_raw_json_string().get(raw)) return bad_json(where, error);
    return std::string_view(quote + 1, static_cast<std::size_t>(end - quote - 1));
  }
  std::string_view text;
  if (const auto error = value.get_string().get(text)) return bad_json(where, error);
  const auto copy = arena.allocate(text.size());
  if (!text.empty()) std::memcpy(copy.data(), text.data(), text.size());
  return as_text(copy);
}

std::string_view shown_token(JsonValue value) noexcept {
  constexpr std::size_t kShownMax = 32;  // less than the padding behind every document
  const char* start = value.raw_json_token().data();
  std::size_t size = 0;
  while (size < kShownMax && std::strchr(",]}: \t\r\n", start[size]) == nullptr) ++size;
  return {start, size};
}

Result<std::uint64_t> read_unsigned(JsonValue value, const JsonPlace& where) {
  std::uint64_t number = 0;
  if (value.get_uint64().get(number)) return wrong_type(where, "an integer from 0 to 2^64-1");
  return number;
}

Result<std::int64_t> read_signed(JsonValue value, const JsonPlace& where) {
  std::int64_t number = 0;
  if (value.get_int64().get(number)) return wrong_type(where, "an integer from -2^63 to 2^63-1");
  return number;
}

Result<bool> read_bool(JsonValue value, const JsonPlace& where) {
  bool flag = false;
  if (value.get_bool().get(flag)) return wrong_type(where, "true or false");
  return flag;
}

Result<JsonObject> read_object(JsonValue value, const JsonPlace& where) {
  JsonObject object;
  if (const auto error = value.get_object().get(object)) {
    return error == simdjson::INCORRECT_TYPE ? wrong_type(where, "an object") : bad_json(where, error);
  }
  return object;
}

Result<JsonArray> read_array(JsonValue value, const JsonPlace& where) {
  JsonArray array;
  if (const auto error = value.get_array().get(array)) {
    return error == simdjson::INCORRECT_TYPE ? wrong_type(where, "an array") : bad_json(where, error);
  }
  return array;
}

Status check_ignored(JsonValue value, const JsonPlace& where, std::size_t depth_max) {
  using simdjson::ondemand::json_type;
  json_type type{};
  if (const auto error = value.type().get(type)) return bad_json(where, error);
  if (type != json_type::array && type != json_type::object) return check_scalar(value, type, where);
  if (depth_max == 0) return fail(Code::kInvalidArgument, "infer.too_deep", where.text() + " is nested too deeply");
  if (type == json_type::object) {
    SLIPWAY_TRY(JsonObject object, read_object(value, where));
    return for_each_field(
        object, where, [&](std::string_view, JsonValue inner) { return check_ignored(inner, where, depth_max - 1); });
  }
  SLIPWAY_TRY(JsonArray array, read_array(value, where));
  for (auto element : array) {
    JsonValue inner;
    if (const auto error = element.get(inner)) return bad_json(where, error);
    SLIPWAY_CHECK(check_ignored(inner, where, depth_max - 1));
  }
  return {};
}

Status JsonKeys::add(std::string_view key, const JsonPlace& where) {
  const auto is_same = [key](const Key& other) { return std::string_view(other.text, other.size) == key; };
  if (std::any_of(keys_.begin(), keys_.begin() + static_cast<std::ptrdiff_t>(count_), is_same)) {
    return fail(Code::kInvalidArgument, "infer.duplicate_key", where.text() + " has the key " + quoted(key) + " twice");
  }
  if (count_ == kKeysMax) {
    return fail(Code::kInvalidArgument, "infer.too_many_keys", where.text() + " has more than 64 keys");
  }
  keys_[count_++] = {key.data(), key.size()};
  return {};
}

}  // namespace slipway
