// Tensors as typed numbers of an InferTensorContents, the other way besides raw bytes to send them.
#pragma once

#include <cstddef>
#include <span>

#include "base/result.h"
#include "serving/infer.h"

namespace slipway {

// Points `tensor`, which has its name, type and shape with the product `count`, to the numbers that the message
// `contents` holds. Fails unless they are in the field of the datatype and fill the shape exactly: invalid_argument
// "infer.data", "infer.shape_mismatch", "infer.bad_element" or "infer.bad_message".
Status read_typed_contents(std::span<const std::byte> contents, std::size_t count, std::uint64_t decoded_bytes_max,
                           TensorView& tensor, Arena& arena);

}  // namespace slipway
