// A tensor that owns its elements, and single elements of tensors as values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"

namespace slipway {

// One element. Integers keep their 64 bits; BOOL is 0 or 1; every float is a double.
using Cell = std::variant<std::int64_t, std::uint64_t, double, std::string>;

std::string to_text(const Cell& cell);  // the shortest form that reads back
double to_double(const Cell& cell);     // NaN for a text that is no number

class OwnedTensor {
 public:
  OwnedTensor() = default;
  OwnedTensor(std::string name, DataType type, std::vector<std::int64_t> shape)
      : name_(std::move(name)), type_(type), shape_(std::move(shape)) {}
  static OwnedTensor copy(const TensorView& view);

  // Appends one element, converted exactly: false where the type cannot hold it (300 in UINT8, 0.5 in INT32, a text in
  // a number). Floats are rounded to the type.
  bool append(const Cell& cell);
  void reshape(std::vector<std::int64_t> shape) { shape_ = std::move(shape); }

  const std::string& name() const noexcept { return name_; }
  std::size_t size() const noexcept;  // elements appended
  TensorView view() const;            // valid until the tensor changes or moves

 private:
  std::string name_;
  DataType type_ = DataType::kFp32;
  std::vector<std::int64_t> shape_;
  std::vector<std::byte> data_;
  std::vector<std::string> strings_;
  mutable std::vector<std::string_view> views_;  // of strings_, made by view()
};

std::size_t element_count(const TensorView& tensor) noexcept;  // as many as it holds bytes or strings for
Cell cell_at(const TensorView& tensor, std::size_t index);     // precondition: index < element_count(tensor)

}  // namespace slipway
