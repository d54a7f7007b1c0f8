// A contract bound to a model's inputs: what stands between a request and the model.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"
#include "data/compiled.h"
#include "data/contract.h"

namespace slipway {

// The warnings of an accepted request, to be counted by field and rule; a request is never refused for them.
struct Warnings {
  std::vector<Violation> shown;
  std::uint64_t total = 0;
};

// Where the values of one column stand: value `offset` of each `values_per_row` of the input.
struct BoundColumn {
  std::string input;
  DataType type = DataType::kFp32;
  std::size_t offset = 0;
  std::size_t values_per_row = 1;
};

// Immutable; copies share the program; safe from any number of threads.
class BoundContract {
 public:
  // Cross-checks every field that is served with the inputs: its tensor exists, its column lies inside, its type fits,
  // no value is claimed twice. Values that no field claims keep the schema's policy on NaN and infinity. Fails with
  // invalid_argument, reasons contract.missing_input, contract.bad_column, contract.type_mismatch,
  // contract.unsupported; the message names the field.
  static Result<BoundContract> bind(const Contract& contract, std::span<const TensorSpec> inputs);

  // `tensors`: one for every input, in any order; the first dimension is the batch. An accepted request without
  // warnings costs one pass over its memory and no allocation (rules on repeated rows excepted, in batches). Fails with
  // invalid_argument: contract.violation with one detail a violation (at most `limit`), or contract.missing_input,
  // contract.unknown_input, contract.type_mismatch, contract.bad_shape if a tensor is not what the model declares.
  Result<Warnings> enforce(std::span<const TensorView> tensors, std::size_t limit = kViolationsShownMax) const;

  // A field of the contract with one value a row, or "INPUT[3]" of an input [rows, columns] with a fixed number of
  // columns.
  std::optional<BoundColumn> find_column(std::string_view name) const;
  std::vector<std::string> column_names() const;  // that find_column() finds; of wide inputs the first and the last

  // Rules of the contract that no request is held to, since they speak of columns that are no inputs: a sentence each.
  std::span<const std::string> unchecked_rules() const noexcept;

 private:
  struct State;
  explicit BoundContract(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

// The report of a refused batch as an Error: contract.violation, a sentence with the first three, a detail each.
Error violation_error(const Report& report);

}  // namespace slipway
