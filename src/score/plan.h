// Which columns of a file make which inputs of a model, and what of both goes into the output. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"
#include "data/bind.h"
#include "score/value.h"

namespace slipway::score {

// What the server says of the version that answers.
struct ScoredModel {
  std::string name;
  std::string version;
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  bool is_batched = false;  // dimension 0 of every input and output counts rows
};

// A tensor as it belongs to one row.
struct RowTensor {
  TensorSpec spec;
  bool has_row_axis = true;             // dimension 0 is not the row's own
  std::vector<std::int64_t> row_shape;  // -1 is variable

  std::optional<std::size_t> value_count() const noexcept;  // nothing where a dimension is variable
  bool is_single() const noexcept { return value_count() == std::size_t{1}; }
};
RowTensor row_tensor(const TensorSpec& spec, bool is_batched);

struct InputPlan {
  RowTensor tensor;
  std::vector<std::size_t> columns;  // into Plan::columns: one for each value, or one that holds a list of all
  bool is_list = false;
};

struct KeptColumn {
  std::string name;
  std::size_t column = 0;  // into Plan::columns
};

struct Plan {
  std::vector<std::size_t> file_columns;  // those that are needed
  std::vector<std::string> columns;       // their names
  std::vector<InputPlan> inputs;
  std::vector<RowTensor> outputs;
  std::vector<KeptColumn> kept;
};

// NAME=COLUMN,COLUMN,… as the caller wrote it.
struct InputMapping {
  std::string input;
  std::vector<std::string> columns;
};
Result<InputMapping> parse_input_mapping(std::string_view text);  // invalid_argument "score.bad_mapping"

struct PlanRequest {
  std::span<const std::string> file_columns;
  bool holds_lists = false;  // the format has lists; CSV has none
  std::span<const InputMapping> mappings;
  const BoundContract* contract = nullptr;  // nullptr: it has none, or the caller may not read it
  std::vector<std::string> keep;            // names; {"*"}: all
};

// An input of one value takes the column that the contract names for it, or the one of its own name. An input of more
// takes one column for each value: those that the contract names; else NAME[0], NAME[1], …; else NAME_0, NAME_1, …;
// else the column of its own name, which holds lists. A file without columns has no rows and needs none. Fails with
// invalid_argument "score.missing_column" (the message names what is missing and what the file has),
// "score.bad_mapping", "score.kept_twice".
Result<Plan> make_plan(const ScoredModel& model, const PlanRequest& request);

}  // namespace slipway::score
