// Decimal numbers to the floating-point formats of tensors, to the nearest value, ties to even.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace slipway {

// `number` is `digits` read as a double; nullopt when it is beyond the largest finite value.
std::optional<float> round_to_float(double number, std::string_view digits) noexcept;
std::optional<std::uint16_t> round_to_half(double number) noexcept;
std::optional<std::uint16_t> round_to_bfloat16(double number) noexcept;

}  // namespace slipway
