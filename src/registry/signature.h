// The signature of an MLmodel file: what its author says the model takes, as a list of columns or of tensors. Made into
// a data contract, once it was compared with what the ONNX graph takes. Pure.
//
// A column model over a graph is one of two things, and only the graph can tell: one input for each column, by its
// name, or one matrix with a column for each, by position. Tensors are found by name; a single one without a name is
// the graph's only input.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"

namespace slipway {

struct SignatureField {
  std::string name;  // "" where the signature names none
  bool is_tensor = false;
  std::string type;                 // "float32" of tensors, "double", "long", … of columns
  std::vector<std::int64_t> shape;  // of tensors; -1 is any
  bool is_required = true;
  bool operator==(const SignatureField&) const = default;
};

// What a graph declares of one input.
struct GraphInput {
  std::string name;
  std::optional<DataType> type;                    // null: one that has no name here
  std::optional<std::vector<std::int64_t>> shape;  // null: not even the rank is known
};

// `json`: the text of `signature.inputs`. invalid_argument "signature.invalid" with the place.
Result<std::vector<SignatureField>> parse_signature(std::string_view json);

// The contract (docs/reference/contract.md) that the signature means for this graph, as YAML. invalid_argument
// "signature.mismatch": the field, what the signature says, what the graph says.
Result<std::string> contract_of_signature(std::string_view model, std::span<const SignatureField> fields,
                                          std::span<const GraphInput> inputs);

}  // namespace slipway
