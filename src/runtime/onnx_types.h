// TensorProto.DataType (onnx.proto): names, widths and the protocol's types for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/tensor.h"

namespace slipway {

struct OnnxElementType {
  std::string_view name;         // as ONNX Runtime writes it: "float", "int64", "string"
  std::uint32_t bits = 0;        // 0: text
  std::optional<DataType> type;  // nothing: the protocol has no name for it
};

// nullptr for numbers that ONNX does not define.
const OnnxElementType* onnx_element_type(std::int64_t number) noexcept;

}  // namespace slipway
