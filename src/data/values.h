// How each DataType is stored and what it is compared as: half and bfloat16 as float, BOOL as its byte.
#pragma once

#include <cstring>
#include <type_traits>

#include "data/column.h"

namespace slipway {

template <typename Stored>
struct PlainValues {
  using Value = Stored;
  static constexpr std::size_t kSize = sizeof(Stored);
  static Value load(const std::byte* from) noexcept {
    Stored value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
};

template <float (*kDecode)(std::uint16_t) noexcept>
struct HalfValues {
  using Value = float;
  static constexpr std::size_t kSize = 2;
  static Value load(const std::byte* from) noexcept { return kDecode(PlainValues<std::uint16_t>::load(from)); }
};

template <DataType kType>
struct Values;
template <>
struct Values<DataType::kBool> : PlainValues<std::uint8_t> {};
template <>
struct Values<DataType::kUint8> : PlainValues<std::uint8_t> {};
template <>
struct Values<DataType::kUint16> : PlainValues<std::uint16_t> {};
template <>
struct Values<DataType::kUint32> : PlainValues<std::uint32_t> {};
template <>
struct Values<DataType::kUint64> : PlainValues<std::uint64_t> {};
template <>
struct Values<DataType::kInt8> : PlainValues<std::int8_t> {};
template <>
struct Values<DataType::kInt16> : PlainValues<std::int16_t> {};
template <>
struct Values<DataType::kInt32> : PlainValues<std::int32_t> {};
template <>
struct Values<DataType::kInt64> : PlainValues<std::int64_t> {};
template <>
struct Values<DataType::kFp16> : HalfValues<half_to_float> {};
template <>
struct Values<DataType::kBf16> : HalfValues<bfloat16_to_float> {};
template <>
struct Values<DataType::kFp32> : PlainValues<float> {};
template <>
struct Values<DataType::kFp64> : PlainValues<double> {};

template <DataType kType>
using DataTypeConstant = std::integral_constant<DataType, kType>;

// Calls `body` with the type as a constant: body(DataTypeConstant<kFp32>{}). Precondition: not BYTES.
template <typename Body>
auto with_fixed_type(DataType type, Body&& body) {
  switch (type) {
    case DataType::kBool:
      return body(DataTypeConstant<DataType::kBool>{});
    case DataType::kUint8:
      return body(DataTypeConstant<DataType::kUint8>{});
    case DataType::kUint16:
      return body(DataTypeConstant<DataType::kUint16>{});
    case DataType::kUint32:
      return body(DataTypeConstant<DataType::kUint32>{});
    case DataType::kUint64:
      return body(DataTypeConstant<DataType::kUint64>{});
    case DataType::kInt8:
      return body(DataTypeConstant<DataType::kInt8>{});
    case DataType::kInt16:
      return body(DataTypeConstant<DataType::kInt16>{});
    case DataType::kInt32:
      return body(DataTypeConstant<DataType::kInt32>{});
    case DataType::kInt64:
      return body(DataTypeConstant<DataType::kInt64>{});
    case DataType::kFp16:
      return body(DataTypeConstant<DataType::kFp16>{});
    case DataType::kBf16:
      return body(DataTypeConstant<DataType::kBf16>{});
    case DataType::kFp32:
      return body(DataTypeConstant<DataType::kFp32>{});
    case DataType::kFp64:
    case DataType::kBytes:
      return body(DataTypeConstant<DataType::kFp64>{});
  }
  __builtin_unreachable();
}

constexpr bool is_float(DataType type) noexcept {
  return type == DataType::kFp16 || type == DataType::kBf16 || type == DataType::kFp32 || type == DataType::kFp64;
}

}  // namespace slipway
