// A written number in the type of a floating point column, rounded to nearest even.
#pragma once

#include <bit>
#include <cmath>

#include "data/number.h"
#include "data/values.h"

namespace slipway {

// `0.1` becomes the very value that a client's 0.1 became, so a bound and a value written alike are equal.
template <DataType kType>
typename Values<kType>::Value nearest_value(const Number& number) {
  if constexpr (kType == DataType::kFp64) return number.to_double();
  const float value = number.to_float();
  if constexpr (kType == DataType::kFp16) return half_to_float(float_to_half(value));
  if constexpr (kType == DataType::kBf16) {
    if (!std::isfinite(value)) return value;
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return std::bit_cast<float>((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000U);
  }
  return value;
}

}  // namespace slipway
