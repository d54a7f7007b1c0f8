#include "data/number.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace slipway {
namespace {

constexpr int kDigitsMax = 36;  // 10^36 < 2^127
constexpr int kExponentMax = 400;
constexpr WideInt kBeyond = WideInt{1} << 100;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// from_chars leaves the target alone when the text is out of its range; the exponent's sign tells which way.
template <typename T>
T nearest_value(std::string_view text, bool negative, int magnitude) {
  T value = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc::result_out_of_range) {
    value = magnitude > 0 ? std::numeric_limits<T>::infinity() : T{0};
    if (negative) value = -value;
  }
  return value;
}

}  // namespace

std::optional<Number> Number::parse(std::string_view text) {
  Number number;
  number.text_ = std::string(text);
  std::string_view rest = text;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    number.negative_ = rest[0] == '-';
    rest.remove_prefix(1);
  }
  bool has_digit = false;
  bool has_point = false;
  int digits = 0;
  int pending_zeros = 0;  // zeros that count only if another digit follows
  int exponent = 0;
  std::size_t i = 0;
  for (; i < rest.size() && (is_digit(rest[i]) || rest[i] == '.'); ++i) {
    if (rest[i] == '.') {
      if (has_point) return std::nullopt;
      has_point = true;
      continue;
    }
    has_digit = true;
    if (has_point) --exponent;
    if (rest[i] == '0') {
      pending_zeros += number.coefficient_ != 0 ? 1 : 0;
      continue;
    }
    digits += pending_zeros + 1;
    if (digits > kDigitsMax) return std::nullopt;
    for (; pending_zeros > 0; --pending_zeros) number.coefficient_ *= 10;
    number.coefficient_ = number.coefficient_ * 10 + (rest[i] - '0');
  }
  if (!has_digit) return std::nullopt;
  exponent += pending_zeros;
  if (i < rest.size() && (rest[i] == 'e' || rest[i] == 'E')) {
    std::string_view power = rest.substr(i + 1);
    const bool has_plus = !power.empty() && power[0] == '+';
    if (has_plus) power.remove_prefix(1);
    if (has_plus && !power.empty() && !is_digit(power[0])) return std::nullopt;  // from_chars takes a sign of its own
    int written = 0;
    const auto [end, error] = std::from_chars(power.data(), power.data() + power.size(), written);
    if (error != std::errc() || end != power.data() + power.size()) return std::nullopt;
    if (written > kExponentMax || written < -kExponentMax) return std::nullopt;
    exponent += written;
    i = rest.size();
  }
  if (i != rest.size() || exponent > kExponentMax || exponent < -2 * kExponentMax) return std::nullopt;
  if (number.coefficient_ == 0) {
    number.negative_ = false;
    exponent = 0;
  }
  number.exponent_ = exponent;
  std::string_view spelled = text;
  if (spelled[0] == '+') spelled.remove_prefix(1);
  number.double_ = nearest_value<double>(spelled, number.negative_, digits + exponent);
  number.float_ = nearest_value<float>(spelled, number.negative_, digits + exponent);
  return number;
}

WideInt Number::whole_part() const noexcept {
  WideInt value = coefficient_;
  for (int i = 0; i < exponent_ && value != 0; ++i) {
    if (value >= kBeyond) return kBeyond;
    value *= 10;
  }
  for (int i = 0; i > exponent_ && value != 0; --i) value /= 10;
  return std::min(value, kBeyond);
}

WideInt Number::floor() const noexcept {
  const WideInt whole = whole_part();
  return negative_ ? -whole - (is_whole() ? 0 : 1) : whole;
}

WideInt Number::ceiling() const noexcept {
  const WideInt whole = whole_part();
  return negative_ ? -whole : whole + (is_whole() ? 0 : 1);
}

int compare(const Number& left, const Number& right) noexcept {
  if (left == right) return 0;
  if (left.floor() != right.floor()) return left.floor() < right.floor() ? -1 : 1;
  if (left.is_whole() != right.is_whole()) return left.is_whole() ? -1 : 1;
  // Same whole part, both with a fraction: the doubles decide, and equal doubles are the same bound for any column.
  if (left.to_double() == right.to_double()) return 0;
  return left.to_double() < right.to_double() ? -1 : 1;
}

std::string to_string(WideInt value) {
  if (value == 0) return "0";
  std::string digits;
  const bool negative = value < 0;
  for (; value != 0; value /= 10)
    digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10) * (negative ? -1 : 1)));
  if (negative) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace slipway
