// A decimal number exactly as it was written: a bound of 2^53 + 1 stays 2^53 + 1.
//
// The value is coefficient * 10^exponent. Columns take from it what their type can hold: integers its floor or ceiling,
// floating point the nearest value of their own type.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slipway {

__extension__ typedef __int128 WideInt;  // holds every value of INT64 and UINT64 at once

class Number {
 public:
  Number() = default;

  // JSON's and YAML's decimal form, an optional sign first: "-12", "0.5", "1e-3", "+7", ".5". At most 36 significant
  // digits and a decimal exponent within ±400; anything else is nullopt.
  static std::optional<Number> parse(std::string_view text);

  const std::string& text() const noexcept { return text_; }
  bool is_whole() const noexcept { return exponent_ >= 0; }
  bool is_positive() const noexcept { return !negative_ && coefficient_ != 0; }

  // Rounded down, up; values beyond ±2^100 come back as ±2^100, which no column type reaches.
  WideInt floor() const noexcept;
  WideInt ceiling() const noexcept;

  // Nearest value of the type; beyond its largest finite value, an infinity of the same sign.
  double to_double() const noexcept { return double_; }
  float to_float() const noexcept { return float_; }

  // |value| = coefficient * 10^exponent with no trailing zero in the coefficient.
  WideInt coefficient() const noexcept { return coefficient_; }
  int exponent() const noexcept { return exponent_; }

  // Equal as values: 1 and 1.0 are.
  bool operator==(const Number& other) const noexcept {
    return negative_ == other.negative_ && coefficient_ == other.coefficient_ && exponent_ == other.exponent_;
  }

 private:
  WideInt whole_part() const noexcept;  // of the magnitude, cut at 2^100

  std::string text_ = "0";
  bool negative_ = false;
  WideInt coefficient_ = 0;
  int exponent_ = 0;
  double double_ = 0;
  float float_ = 0;
};

// -1, 0 or 1, exact.
int compare(const Number& left, const Number& right) noexcept;

std::string to_string(WideInt value);

}  // namespace slipway
