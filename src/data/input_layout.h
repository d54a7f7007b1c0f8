// Which column of which input each field of a contract is. Internal to data/.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"
#include "data/contract.h"
#include "data/program.h"

namespace slipway {

// An input whose columns stand at [first_column, first_column + columns) in the program: several if fields claim them
// one by one, a single one if one field (or none) covers every value.
struct InputLayout {
  TensorSpec spec;
  std::size_t first_column = 0;
  std::size_t columns = 1;
  bool is_whole = true;
};

struct Layout {
  std::vector<InputLayout> inputs;
  std::vector<ContractedColumn> columns;
  std::vector<ContractField> unclaimed;  // what columns without a field point to
};

// Fails as BoundContract::bind does.
Result<Layout> lay_out(const ContractObject& object, std::span<const TensorSpec> inputs);

}  // namespace slipway
