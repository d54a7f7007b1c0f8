// Reads the header of a TensorProto or SparseTensorProto: type, dimensions, how much data it carries or where it lies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/onnx_limits.h"
#include "runtime/onnx_wire.h"

namespace slipway {

struct OnnxTensorHeader {
  std::string name;
  std::uint64_t elements = 0;
  std::optional<std::string> external_name;  // weights lie in this file …
  std::uint64_t external_end = 0;            // … which must be at least this long
};

// The current field of `reader` holds a TensorProto. Errors stick to the reader: too large, sizes that disagree with
// the data carried, external data outside the bundle, memory addresses.
OnnxTensorHeader read_tensor(WireReader& reader, const OnnxLimits& limits);

// The same for a SparseTensorProto; `elements` are those of the dense tensor, which is what a runtime allocates.
OnnxTensorHeader read_sparse_tensor(WireReader& reader, const OnnxLimits& limits);

}  // namespace slipway
