// What a server answers to an InferBody, checked against what the model is known to give. Pure.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"
#include "score/plan.h"
#include "score/value.h"

namespace slipway::score {

struct InferReply {
  std::string body;
  std::size_t json_bytes = 0;  // the header inference-header-content-length; 0: it was not there
};

// Owns what its outputs point to. Moving keeps the addresses.
struct Answer {
  std::vector<TensorView> outputs;  // in the order of the plan

  std::unique_ptr<std::string> body;
  std::deque<std::vector<std::int64_t>> shapes;
  std::deque<std::vector<std::string_view>> strings;
};

// internal "score.bad_answer": it is no answer of the protocol, or an output is missing or has another type, rank,
// fixed dimension or number of rows. failed_precondition "score.other_version": not `version` answered.
Result<Answer> read_answer(InferReply reply, std::span<const RowTensor> outputs, std::string_view version,
                           std::size_t rows);

// Element of a tensor; 16-bit floats as 32.
Value element_at(const TensorView& tensor, std::size_t index);

// The values of one row: the first, and how many.
struct RowValues {
  std::size_t first = 0;
  std::size_t count = 0;
  std::span<const std::int64_t> shape;
};
RowValues row_values(const RowTensor& plan, const TensorView& output, std::size_t row);

}  // namespace slipway::score
