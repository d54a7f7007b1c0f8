// Tensors of the binary tensor data extension: little endian, row-major; BYTES elements each behind a 32-bit length.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"
#include "serving/infer.h"

namespace slipway {

// Points `tensor`, which has its name, type and shape with the product `count`, into `bytes`. Numbers are not copied,
// so they may lie unaligned. Fails unless `bytes` holds exactly the tensor.
Status read_binary_tensor(std::span<const std::byte> bytes, std::size_t count, TensorView& tensor, Arena& arena);

std::size_t binary_size(const TensorView& tensor) noexcept;
void append_binary(const TensorView& tensor, std::string& out);

}  // namespace slipway
