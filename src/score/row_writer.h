// Answers as rows of the output. A writer is one thread's: the bytes that several make are put behind one another.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "score/answer.h"
#include "score/chunk.h"
#include "score/plan.h"

namespace slipway::score {

// The kinds of the kept columns, in their order.
using KeptKinds = std::vector<Value::Kind>;

class RowWriter {
 public:
  virtual ~RowWriter() = default;
  // What stands before the first row; "" where nothing does.
  virtual Result<std::string> header() = 0;
  // `values`: of the row, as Plan::columns lists them. `row`: in the answer.
  virtual Status add(std::span<const Value> values, const Answer& answer, std::size_t row) = 0;
  // The bytes of what was added since the last take().
  virtual Result<std::string> take() = 0;
};

// Kept columns first, then the outputs, each in its order. The plan is borrowed.
// CSV: an output of several values takes a column for each, NAME_0, NAME_1, … in row-major order; invalid_argument
// "score.variable_output" where their number is not fixed. JSON lines: nested arrays. Parquet: nested lists, and the
// bytes are an Arrow IPC stream that write_parquet() makes a file of.
Result<std::unique_ptr<RowWriter>> make_row_writer(FileFormat format, const Plan& plan, const KeptKinds& kinds);

// Makes a Parquet file of the stream in `stream_path`, durable when it returns. data_loss "score.write_failed".
Status write_parquet(const std::string& stream_path, const std::string& path);

}  // namespace slipway::score
