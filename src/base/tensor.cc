#include "base/tensor.h"

#include <array>
#include <bit>
#include <cmath>

namespace slipway {
namespace {

struct TypeRow {
  std::string_view name;
  std::size_t size;
};
constexpr std::array<TypeRow, 14> kTypes = {{{"BOOL", 1},
                                             {"UINT8", 1},
                                             {"UINT16", 2},
                                             {"UINT32", 4},
                                             {"UINT64", 8},
                                             {"INT8", 1},
                                             {"INT16", 2},
                                             {"INT32", 4},
                                             {"INT64", 8},
                                             {"FP16", 2},
                                             {"BF16", 2},
                                             {"FP32", 4},
                                             {"FP64", 8},
                                             {"BYTES", 0}}};
constexpr std::size_t kElementsMax = std::size_t{1} << 62;

}  // namespace

std::string_view to_string(DataType type) noexcept { return kTypes[static_cast<std::size_t>(type)].name; }

std::optional<DataType> parse_data_type(std::string_view text) noexcept {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i].name == text) return static_cast<DataType>(i);
  }
  return std::nullopt;
}

std::size_t element_size(DataType type) noexcept { return kTypes[static_cast<std::size_t>(type)].size; }

Result<std::size_t> element_count(std::span<const std::int64_t> shape) {
  std::size_t count = 1;
  bool has_zero = false;
  for (const std::int64_t dimension : shape) {
    if (dimension < 0) {
      return fail(Code::kInvalidArgument, "tensor.negative_dimension",
                  "shape has the dimension " + std::to_string(dimension) + "; dimensions are 0 or more");
    }
    if (dimension == 0) {
      has_zero = true;
      continue;
    }
    if (__builtin_mul_overflow(count, static_cast<std::size_t>(dimension), &count) || count > kElementsMax) {
      return fail(Code::kInvalidArgument, "tensor.too_large", "shape describes more than 2^62 elements");
    }
  }
  return has_zero ? 0 : count;
}

float half_to_float(std::uint16_t half) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1F;
  const std::uint32_t fraction = half & 0x3FF;
  if (exponent == 0) {  // zero and subnormal: fraction * 2^-24
    const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000U | (fraction << 13));
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
}

std::uint16_t float_to_half(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
  const std::uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return static_cast<std::uint16_t>(sign | 0x7E00 | ((magnitude >> 13) & 0x3FF));
  if (magnitude >= 0x477FF000) return static_cast<std::uint16_t>(sign | 0x7C00);  // rounds above 65504
  if (magnitude < 0x38800000) {                                                   // below 2^-14: subnormal
    const float scaled = std::nearbyint(std::ldexp(std::bit_cast<float>(magnitude), 24));
    return static_cast<std::uint16_t>(sign | static_cast<std::uint16_t>(scaled));
  }
  const std::uint32_t rounded = magnitude + 0xFFF + ((magnitude >> 13) & 1);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000) >> 13));
}

float bfloat16_to_float(std::uint16_t value) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value) << 16);
}

}  // namespace slipway
