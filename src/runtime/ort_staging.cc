#include "runtime/ort_staging.h"

#include <algorithm>

namespace slipway {

bool StagedTensor::holds(DataType type, std::span<const std::int64_t> shape) const noexcept {
  return value_ != nullptr && type_ == type && std::ranges::equal(shape_, shape);
}

Status StagedTensor::make(const OrtMemoryInfo& memory, DataType type, std::span<const std::int64_t> shape,
                          std::size_t size_bytes) {
  value_.reset();
  type_ = type;
  shape_.assign(shape.begin(), shape.end());
  size_bytes_ = size_bytes;
  memory_.resize(size_bytes / sizeof(std::max_align_t) + 1);
  OrtValue* value = nullptr;
  SLIPWAY_ORT(ort::api().CreateTensorWithDataAsOrtValue(&memory, memory_.data(), size_bytes, shape_.data(),
                                                        shape_.size(), ort::to_ort(type), &value),
              Code::kInternal, "run.failed", "a tensor cannot be kept");
  value_.reset(value);
  return {};
}

}  // namespace slipway
