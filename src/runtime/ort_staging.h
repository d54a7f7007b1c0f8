// Small tensors that are kept from run to run, with the OrtValue over them: making one costs as much as running a small
// model. Private to this folder's ONNX Runtime code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"
#include "runtime/ort.h"

namespace slipway {

// One place for a tensor of numbers of up to kBytesMax bytes. Not for two threads at once.
class StagedTensor {
 public:
  static constexpr std::size_t kBytesMax = 4096;
  static bool fits(DataType type, std::size_t bytes) noexcept { return type != DataType::kBytes && bytes <= kBytesMax; }

  bool holds(DataType type, std::span<const std::int64_t> shape) const noexcept;
  // Makes the tensor anew. Precondition: fits(type, size_bytes), and that is the size of the shape.
  Status make(const OrtMemoryInfo& memory, DataType type, std::span<const std::int64_t> shape, std::size_t size_bytes);
  void drop() noexcept { value_.reset(); }

  OrtValue* value() const noexcept { return value_.get(); }  // null before make() and after drop()
  std::span<std::byte> bytes() noexcept { return std::as_writable_bytes(std::span(memory_)).first(size_bytes_); }
  const std::vector<std::int64_t>& shape() const noexcept { return shape_; }

 private:
  ort::Value value_;
  DataType type_ = DataType::kFp32;
  std::vector<std::int64_t> shape_;
  std::vector<std::max_align_t> memory_;
  std::size_t size_bytes_ = 0;
};

}  // namespace slipway
