// The rows of a chunk as the model takes them, and the requests made of them. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "score/chunk.h"
#include "score/plan.h"

namespace slipway::score {

// A row that gets no answer, and why.
struct RejectedRow {
  std::size_t row = 0;  // of the chunk
  Error error;          // details: one for each value that is wrong
};

struct InferBody {
  std::string bytes;
  std::size_t json_bytes = 0;  // what stands before the tensors
  std::size_t rows = 0;
};

class EncodedRows {
 public:
  // Rows that cannot be encoded are appended to `rejected`: invalid_argument "score.bad_row", "score.bad_value".
  // The plan is borrowed.
  EncodedRows(const Plan& plan, const Chunk& chunk, std::vector<RejectedRow>& rejected);

  std::size_t size() const noexcept { return rows_.size(); }
  std::size_t row(std::size_t index) const noexcept { return rows_[index]; }  // of the chunk

  // How many of `indices`, from the first, have the same shapes and so can share a request.
  std::size_t count_alike(std::span<const std::size_t> indices) const;

  // One request of the Open Inference Protocol with binary tensors both ways. Precondition: alike, not empty.
  InferBody body(std::span<const std::size_t> indices) const;

 private:
  struct Column {
    std::string bytes;
    std::vector<std::size_t> ends;                  // behind the bytes of each row
    std::vector<std::vector<std::int64_t>> shapes;  // of each row, where they vary
  };
  bool encode_row(const Chunk& chunk, std::size_t row, Error& error);
  bool encode_input(std::span<const Value> values, std::size_t input, Error& error);

  const Plan* plan_;
  std::vector<Column> columns_;  // by input
  std::vector<std::size_t> rows_;
};

}  // namespace slipway::score
