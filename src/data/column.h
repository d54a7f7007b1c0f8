// A borrowed column of values, whoever holds them: a request's tensor or an Arrow array.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/tensor.h"

namespace slipway {

// `count` values of one type, `stride_bytes` apart, little endian, at any alignment.
//
// BYTES come in two layouts: `strings` (one view a value, `stride_bytes` apart, base unused), or Arrow's: `offsets`
// (count + 1 of them) into the characters at `base`.
struct ColumnView {
  DataType type = DataType::kFp32;
  const std::byte* base = nullptr;
  std::size_t stride_bytes = 0;
  std::size_t count = 0;
  std::size_t values_per_row = 1;          // more: one field covers a whole tensor, row by row
  const std::uint8_t* validity = nullptr;  // Arrow's bitmap, least significant bit first; nullptr: no nulls
  std::size_t validity_offset_bits = 0;
  const std::byte* strings = nullptr;  // of std::string_view
  const std::int32_t* offsets = nullptr;

  std::size_t rows() const noexcept { return count / values_per_row; }
  bool is_valid(std::size_t index) const noexcept {
    if (validity == nullptr) return true;
    const std::size_t bit = validity_offset_bits + index;
    return ((validity[bit / 8] >> (bit % 8)) & 1) != 0;
  }
  const std::byte* at(std::size_t index) const noexcept { return base + index * stride_bytes; }
  std::string_view string_at(std::size_t index) const noexcept {
    if (strings != nullptr) return *reinterpret_cast<const std::string_view*>(strings + index * stride_bytes);
    return {reinterpret_cast<const char*>(base) + offsets[index],
            static_cast<std::size_t>(offsets[index + 1] - offsets[index])};
  }
};

// The value at an index as text: shortest digits that read back, quoted text cut to 64 bytes, "null".
std::string value_text(const ColumnView& column, std::size_t index);

}  // namespace slipway
