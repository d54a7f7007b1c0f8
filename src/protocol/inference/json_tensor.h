// Reads a tensor's "data" straight into its memory. Private to this folder.
#pragma once

#include "protocol/inference/json_input.h"

namespace slipway {

// `tensor` has its name, type and shape, whose product is `count`. Data may be flat or nested as the shape says.
Status read_json_tensor(JsonArray data, std::size_t count, TensorView& tensor, Arena& arena);

}  // namespace slipway
