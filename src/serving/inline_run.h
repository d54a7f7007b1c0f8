// Decides whether a run is short enough for the I/O thread, from what one row took and how much a request brings.
//
// Two wake-ups cost more than a tiny run; but a run on the I/O thread cannot be left at its deadline and holds up every
// connection of the thread, so a large batch goes to a runner whatever one row takes. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "base/tensor.h"
#include "runtime/loaded_model.h"
#include "runtime/onnx_inspect.h"

namespace slipway {

// Can the values of an input, not only its size, make the model run however long? Then a quick run says nothing of the
// next one.
bool may_outgrow_its_input(const OnnxSummary& summary);

class InlineBudget {
 public:
  // Never.
  InlineBudget() = default;
  // `row_run_us`: what the model took for one row, 0 where that is not known. `longest`: of a run on an I/O thread.
  InlineBudget(const ModelSignature& signature, double row_run_us, std::chrono::microseconds longest);

  // Assumes that the time grows with the bytes of the inputs. O(inputs), and O(elements) of text.
  bool allows(std::span<const TensorView> inputs) const noexcept { return size_of(inputs) < bytes_end_; }

 private:
  static std::uint64_t size_of(std::span<const TensorView> inputs) noexcept;

  std::uint64_t bytes_end_ = 0;  // one more than a request may have; 0: none is small enough
};

}  // namespace slipway
