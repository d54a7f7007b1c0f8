#include "runtime/onnx_types.h"

#include <array>

namespace slipway {

const OnnxElementType* onnx_element_type(std::int64_t number) noexcept {
  static constexpr std::array<OnnxElementType, 29> kTypes = {{
      {"undefined", 0, std::nullopt},      {"float", 32, DataType::kFp32},    {"uint8", 8, DataType::kUint8},
      {"int8", 8, DataType::kInt8},        {"uint16", 16, DataType::kUint16}, {"int16", 16, DataType::kInt16},
      {"int32", 32, DataType::kInt32},     {"int64", 64, DataType::kInt64},   {"string", 0, DataType::kBytes},
      {"bool", 8, DataType::kBool},        {"float16", 16, DataType::kFp16},  {"double", 64, DataType::kFp64},
      {"uint32", 32, DataType::kUint32},   {"uint64", 64, DataType::kUint64}, {"complex64", 64, std::nullopt},
      {"complex128", 128, std::nullopt},   {"bfloat16", 16, DataType::kBf16}, {"float8e4m3fn", 8, std::nullopt},
      {"float8e4m3fnuz", 8, std::nullopt}, {"float8e5m2", 8, std::nullopt},   {"float8e5m2fnuz", 8, std::nullopt},
      {"uint4", 4, std::nullopt},          {"int4", 4, std::nullopt},         {"float4e2m1", 4, std::nullopt},
      {"float8e8m0", 8, std::nullopt},     {"uint2", 2, std::nullopt},        {"int2", 2, std::nullopt},
      {"float6e2m3", 6, std::nullopt},     {"float6e3m2", 6, std::nullopt},
  }};
  if (number <= 0 || number >= static_cast<std::int64_t>(kTypes.size())) return nullptr;
  return &kTypes[static_cast<std::size_t>(number)];
}

}  // namespace slipway
