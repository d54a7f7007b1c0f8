// Turns what a session returned into tensor views. Private to this folder's ONNX Runtime code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/loaded_model.h"
#include "runtime/ort.h"

namespace slipway {

// Which part of which output of the session a presented output is.
struct OutputPart {
  enum class Kind : std::uint8_t { kTensor, kMapKeys, kMapValues, kRowKeys, kRowValues };
  std::uint32_t source = 0;
  Kind kind = Kind::kTensor;
};

// One presented output; its vectors keep their capacity from run to run.
struct OutputSlot {
  std::vector<std::int64_t> shape;
  std::vector<std::byte> numbers;  // of maps; tensors stay where ONNX Runtime put them
  std::string text;                // of BYTES: all elements, one after the other
  std::vector<std::size_t> offsets;
  std::vector<std::string_view> strings;
};

// `value` is the session's output; `spec` the presented one. The view points into `value` and `slot`.
Result<TensorView> present_output(OrtValue* value, OutputPart::Kind kind, const TensorSpec& spec,
                                  OrtAllocator* allocator, OutputSlot& slot);

}  // namespace slipway
