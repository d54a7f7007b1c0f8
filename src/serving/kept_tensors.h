// A copy of a request's tensors that outlives the request.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "base/tensor.h"
#include "serving/infer.h"

namespace slipway {

class KeptTensors {
 public:
  explicit KeptTensors(std::span<const TensorView> tensors) {
    views_.reserve(tensors.size());
    for (const TensorView& tensor : tensors) {
      const auto texts = arena_.allocate_of<std::string_view>(tensor.strings.size());
      for (std::size_t i = 0; i < texts.size(); ++i) texts[i] = keep_text(tensor.strings[i]);
      views_.push_back({.name = keep_text(tensor.name),
                        .type = tensor.type,
                        .shape = keep(tensor.shape),
                        .data = keep(tensor.data),
                        .strings = texts});
    }
  }
  std::span<const TensorView> views() const noexcept { return views_; }

 private:
  template <typename T>
  std::span<const T> keep(std::span<const T> values) {
    const std::span<T> copy = arena_.allocate_of<T>(values.size());
    std::ranges::copy(values, copy.begin());
    return copy;
  }
  std::string_view keep_text(std::string_view text) {
    const auto copy = keep(std::span<const char>(text));
    return {copy.data(), copy.size()};
  }

  Arena arena_;
  std::vector<TensorView> views_;
};

}  // namespace slipway
