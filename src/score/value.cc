#include "score/value.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "base/json_writer.h"

namespace slipway::score {
namespace {

using Kind = Value::Kind;

template <typename T>
void append_raw(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

template <typename T>
void append_digits(std::string& out, T number) {
  std::array<char, 32> digits;
  out.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

template <typename T>
void append_float_text(std::string& out, T number) {
  if (std::isnan(number)) {
    out += "NaN";
  } else if (std::isinf(number)) {
    out += number > 0 ? "Infinity" : "-Infinity";
  } else {
    append_digits(out, number);
  }
}

template <typename T>
std::optional<T> parse(std::string_view text) noexcept {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Exact, or nothing.
template <typename T>
std::optional<T> whole_number(double number) noexcept {
  constexpr double kExactMax = 9007199254740992.0;  // 2^53: beyond it a double stands for several whole numbers
  if (!(std::abs(number) <= kExactMax) || number != std::floor(number)) return std::nullopt;
  if (number < static_cast<double>(std::numeric_limits<T>::min())) return std::nullopt;
  if (number > static_cast<double>(std::numeric_limits<T>::max())) return std::nullopt;
  return static_cast<T>(number);
}

template <typename T>
std::optional<T> integer_of(const Value& value) noexcept {
  switch (value.kind) {
    case Kind::kInt:
      if (!std::in_range<T>(value.signed_number)) return std::nullopt;
      return static_cast<T>(value.signed_number);
    case Kind::kUint:
      if (!std::in_range<T>(value.unsigned_number)) return std::nullopt;
      return static_cast<T>(value.unsigned_number);
    case Kind::kFloat:
      return whole_number<T>(static_cast<double>(value.single));
    case Kind::kDouble:
      return whole_number<T>(value.number);
    case Kind::kCell: {
      if (const auto number = parse<T>(value.view())) return number;
      const auto number = parse<double>(value.view());  // "3.0", as tools write a column that once had a gap
      return number ? whole_number<T>(*number) : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<double> double_of(const Value& value) noexcept {
  switch (value.kind) {
    case Kind::kInt:
      return static_cast<double>(value.signed_number);
    case Kind::kUint:
      return static_cast<double>(value.unsigned_number);
    case Kind::kFloat:
      return static_cast<double>(value.single);
    case Kind::kDouble:
      return value.number;
    case Kind::kCell:
      return parse<double>(value.view());
    default:
      return std::nullopt;
  }
}

std::optional<float> float_of(const Value& value) noexcept {
  if (value.kind == Kind::kCell) return parse<float>(value.view());  // rounded once, not by way of a double
  const auto number = double_of(value);
  if (!number) return std::nullopt;
  const auto rounded = static_cast<float>(*number);
  if (std::isinf(rounded) && !std::isinf(*number)) return std::nullopt;
  return rounded;
}

// To `bits` significant bits, no finer than 2^least; ties to even.
double round_to_bits(double number, int bits, int least) noexcept {
  int exponent = 0;
  std::frexp(number, &exponent);
  const int unit = std::max(exponent - bits, least);
  return std::ldexp(std::nearbyint(std::ldexp(number, -unit)), unit);
}

std::optional<std::uint16_t> half_of(const Value& value) noexcept {
  const auto number = double_of(value);
  if (!number) return std::nullopt;
  if (!std::isfinite(*number)) return float_to_half(static_cast<float>(*number));
  const double rounded = round_to_bits(*number, 11, -24);
  if (std::abs(rounded) > 65504.0) return std::nullopt;
  return float_to_half(static_cast<float>(rounded));
}

std::optional<std::uint16_t> bfloat16_of(const Value& value) noexcept {
  const auto number = double_of(value);
  if (!number) return std::nullopt;
  const auto rounded = static_cast<float>(std::isfinite(*number) ? round_to_bits(*number, 8, -133) : *number);
  if (std::isinf(rounded) && !std::isinf(*number)) return std::nullopt;
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(rounded) >> 16);
}

std::optional<std::uint8_t> bool_of(const Value& value) noexcept {
  if (value.kind == Kind::kBool) return value.flag ? 1 : 0;
  if (value.kind == Kind::kCell) {
    for (const std::string_view text : {"true", "True", "TRUE"}) {
      if (value.view() == text) return 1;
    }
    for (const std::string_view text : {"false", "False", "FALSE"}) {
      if (value.view() == text) return 0;
    }
  }
  const auto number = integer_of<std::uint8_t>(value);
  return number && *number <= 1 ? number : std::nullopt;
}

template <typename T>
bool put(std::string& out, std::optional<T> value) {
  if (value) append_raw(out, *value);
  return value.has_value();
}

bool put_text(std::string& out, const Value& value) {
  if (value.kind != Kind::kText && value.kind != Kind::kCell) return false;
  append_raw(out, static_cast<std::uint32_t>(value.size));
  out += value.view();
  return true;
}

}  // namespace

Value Value::of(bool flag) noexcept {
  Value value;
  value.kind = Kind::kBool;
  value.flag = flag;
  return value;
}
Value Value::of(std::int64_t number) noexcept {
  Value value;
  value.kind = Kind::kInt;
  value.signed_number = number;
  return value;
}
Value Value::of(std::uint64_t number) noexcept {
  Value value;
  value.kind = Kind::kUint;
  value.unsigned_number = number;
  return value;
}
Value Value::of(float number) noexcept {
  Value value;
  value.kind = Kind::kFloat;
  value.single = number;
  return value;
}
Value Value::of(double number) noexcept {
  Value value;
  value.kind = Kind::kDouble;
  value.number = number;
  return value;
}
Value Value::text(std::string_view text) noexcept {
  Value value;
  value.kind = Kind::kText;
  value.characters = text.data();
  value.size = text.size();
  return value;
}
Value Value::cell(std::string_view text) noexcept {
  Value value = Value::text(text);
  value.kind = Kind::kCell;
  return value;
}
Value Value::list(std::span<const Value> items) noexcept {
  Value value;
  value.kind = Kind::kList;
  value.first_item = items.data();
  value.size = items.size();
  return value;
}

void append_json(std::string& out, const Value& value) {
  switch (value.kind) {
    case Kind::kNull:
      out += "null";
      return;
    case Kind::kBool:
      out += value.flag ? "true" : "false";
      return;
    case Kind::kInt:
      return append_digits(out, value.signed_number);
    case Kind::kUint:
      return append_digits(out, value.unsigned_number);
    case Kind::kFloat:
      JsonWriter(out).value(value.single);
      return;
    case Kind::kDouble:
      JsonWriter(out).value(value.number);
      return;
    case Kind::kText:
    case Kind::kCell:
      return append_json_string(out, value.view());
    case Kind::kList:
      break;
  }
  out += '[';
  for (const Value& item : value.items()) {
    if (&item != value.first_item) out += ',';
    append_json(out, item);
  }
  out += ']';
}

void append_text(std::string& out, const Value& value) {
  switch (value.kind) {
    case Kind::kNull:
      return;
    case Kind::kFloat:
      return append_float_text(out, value.single);
    case Kind::kDouble:
      return append_float_text(out, value.number);
    case Kind::kText:
    case Kind::kCell:
      out += value.view();
      return;
    default:
      return append_json(out, value);
  }
}

bool append_element(DataType type, const Value& value, std::string& out) {
  switch (type) {
    case DataType::kBool:
      return put(out, bool_of(value));
    case DataType::kUint8:
      return put(out, integer_of<std::uint8_t>(value));
    case DataType::kUint16:
      return put(out, integer_of<std::uint16_t>(value));
    case DataType::kUint32:
      return put(out, integer_of<std::uint32_t>(value));
    case DataType::kUint64:
      return put(out, integer_of<std::uint64_t>(value));
    case DataType::kInt8:
      return put(out, integer_of<std::int8_t>(value));
    case DataType::kInt16:
      return put(out, integer_of<std::int16_t>(value));
    case DataType::kInt32:
      return put(out, integer_of<std::int32_t>(value));
    case DataType::kInt64:
      return put(out, integer_of<std::int64_t>(value));
    case DataType::kFp16:
      return put(out, half_of(value));
    case DataType::kBf16:
      return put(out, bfloat16_of(value));
    case DataType::kFp32:
      return put(out, float_of(value));
    case DataType::kFp64:
      return put(out, double_of(value));
    case DataType::kBytes:
      return put_text(out, value);
  }
  return false;
}

std::string_view accepted_text(DataType type) noexcept {
  switch (type) {
    case DataType::kBool:
      return "true or false";
    case DataType::kUint8:
      return "a whole number from 0 to 255";
    case DataType::kUint16:
      return "a whole number from 0 to 65535";
    case DataType::kUint32:
      return "a whole number from 0 to 4294967295";
    case DataType::kUint64:
      return "a whole number from 0 to 18446744073709551615";
    case DataType::kInt8:
      return "a whole number from -128 to 127";
    case DataType::kInt16:
      return "a whole number from -32768 to 32767";
    case DataType::kInt32:
      return "a whole number from -2147483648 to 2147483647";
    case DataType::kInt64:
      return "a whole number of 64 bits";
    case DataType::kFp16:
      return "a number within 65504";
    case DataType::kBf16:
    case DataType::kFp32:
      return "a number within 3.4e38";
    case DataType::kFp64:
      return "a number";
    case DataType::kBytes:
      return "a text";
  }
  return "";
}

}  // namespace slipway::score
