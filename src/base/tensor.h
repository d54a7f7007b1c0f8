// Tensors as the Open Inference Protocol names them: the one currency between protocol, contract, runtime and records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway {

enum class DataType : std::uint8_t {
  kBool,
  kUint8,
  kUint16,
  kUint32,
  kUint64,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFp16,
  kBf16,
  kFp32,
  kFp64,
  kBytes
};

std::string_view to_string(DataType type) noexcept;  // "BOOL", "UINT8", …, "BYTES"
std::optional<DataType> parse_data_type(std::string_view text) noexcept;
std::size_t element_size(DataType type) noexcept;  // bytes; 0 for BYTES

// Product of the dimensions. Fails with invalid_argument on a negative dimension or if the product exceeds 2^62.
Result<std::size_t> element_count(std::span<const std::int64_t> shape);

// A borrowed view: whoever owns the request's buffer or the runtime's output outlives it.
// Row-major, little endian. For BYTES `strings` holds one view an element and `data` is empty.
struct TensorView {
  std::string_view name;
  DataType type = DataType::kFp32;
  std::span<const std::int64_t> shape;  // in metadata, -1 is a variable dimension
  std::span<const std::byte> data;
  std::span<const std::string_view> strings;
};

// What a model declares of one input or output. Shape uses -1 for a variable dimension.
struct TensorSpec {
  std::string name;
  DataType type = DataType::kFp32;
  std::vector<std::int64_t> shape;
  bool operator==(const TensorSpec&) const = default;
};

// IEEE half and bfloat16 to float, exact.
float half_to_float(std::uint16_t half) noexcept;
std::uint16_t float_to_half(float value) noexcept;  // round to nearest even
float bfloat16_to_float(std::uint16_t value) noexcept;

}  // namespace slipway
