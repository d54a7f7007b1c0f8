// Reads ValueInfoProto: the name and the (possibly nested) type of an input or output.
#pragma once

#include "runtime/onnx_inspect.h"
#include "runtime/onnx_wire.h"

namespace slipway {

// The current field of `reader` holds a ValueInfoProto. Errors stick to the reader.
OnnxValue read_value_info(WireReader& reader, const OnnxLimits& limits);

// The current field of `reader` holds a TypeProto, at `depth` types within types.
OnnxValue read_type(WireReader& reader, const OnnxLimits& limits, std::uint32_t depth);

}  // namespace slipway
