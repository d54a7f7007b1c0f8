#include "serving/duration.h"

#include <cmath>

#include "data/number.h"

namespace slipway {

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789.");
  if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
  const std::string_view unit = text.substr(digits);
  const double scale = unit == "us" ? 1 : unit == "ms" ? 1e3 : unit == "s" ? 1e6 : unit == "m" ? 60e6 : 0;
  const std::optional<Number> number = Number::parse(text.substr(0, digits));
  if (scale == 0 || !number) return std::nullopt;
  const double value = number->to_double() * scale;
  if (value < 1 || value > static_cast<double>(kLongestDuration.count())) return std::nullopt;
  return std::chrono::microseconds(std::llround(value));
}

}  // namespace slipway
