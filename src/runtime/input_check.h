// Checks request tensors against what the model declares, before the runtime sees them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"
#include "runtime/loaded_model.h"

namespace slipway {

// On success order[i] is the index in `inputs` of the signature's i-th input. Checks names (none missing, unknown or
// twice), type, rank, fixed dimensions, that the bytes or strings are as many as the shape says, that batched inputs
// have the same number of rows, and that BOOL bytes are 0 or 1. Allocates only when it fails (and when `order` grows).
Status check_inputs(const ModelSignature& signature, std::span<const TensorView> inputs,
                    std::vector<std::uint32_t>& order);

// "[2,-1,4]"
std::string shape_text(std::span<const std::int64_t> shape);

}  // namespace slipway
