#include "protocol/inference/round.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/tensor.h"

namespace slipway {
namespace {

// To `bits` significant bits, no finer than 2^least.
double round_to_bits(double number, int bits, int least) noexcept {
  int exponent = 0;
  std::frexp(number, &exponent);  // |number| in [0.5, 1) * 2^exponent
  const int unit = std::max(exponent - bits, least);
  return std::ldexp(std::nearbyint(std::ldexp(number, -unit)), unit);
}

}  // namespace

std::optional<float> round_to_float(double number, std::string_view digits) noexcept {
  const auto rounded = static_cast<float>(number);
  if (!std::isfinite(rounded)) return std::nullopt;
  // Rounding twice differs from rounding once only when the double fell on the middle between two floats.
  constexpr std::uint64_t kLowBits = (std::uint64_t{1} << 29) - 1;
  const bool is_middle = (std::bit_cast<std::uint64_t>(number) & kLowBits) == (kLowBits + 1) / 2;
  const bool is_subnormal = std::abs(number) < static_cast<double>(std::numeric_limits<float>::min());
  if (!is_middle && !is_subnormal) [[likely]]
    return rounded;
  float exact = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), exact);
  return error == std::errc() ? exact : rounded;
}

std::optional<std::uint16_t> round_to_half(double number) noexcept {
  const double rounded = round_to_bits(number, 11, -24);
  if (std::abs(rounded) > 65504.0) return std::nullopt;
  return float_to_half(static_cast<float>(rounded));
}

std::optional<std::uint16_t> round_to_bfloat16(double number) noexcept {
  const auto rounded = static_cast<float>(round_to_bits(number, 8, -133));
  if (!std::isfinite(rounded)) return std::nullopt;
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(rounded) >> 16);
}

}  // namespace slipway
