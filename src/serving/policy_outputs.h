// Outputs that a policy gives in place of a model, checked against the model's signature once and made for any number
// of rows.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"
#include "runtime/loaded_model.h"
#include "serving/infer.h"
#include "serving/policy.h"

namespace slipway {

// Outputs made by a policy. Reused: clear() keeps capacity.
struct PolicyAnswer {
  std::vector<TensorView> tensors;
  Arena arena;

  void clear() {
    tensors.clear();
    arena.clear();
  }
};

// The rows that a request asks about: of its first input, where the model takes rows; 1 elsewhere.
std::size_t rows_of(const ModelSignature& signature, std::span<const TensorView> inputs) noexcept;

class PolicyOutputs {
 public:
  PolicyOutputs() = default;

  // Adds the outputs of one row that a request can be given. `place`: of the values in the policy, for errors:
  // invalid_argument "policy.unknown_output", "policy.missing_output", "policy.bad_output", each naming what was found
  // and what is accepted.
  Status add(std::span<const OutputValue> values, const ModelSignature& signature, std::string_view place);

  // One entry of `choices` a row: which of those added. `wanted`: as of a request. `signature`: as in add(); the views
  // point into it and into `answer`.
  void write(std::span<const std::uint32_t> choices, std::span<const std::uint32_t> wanted,
             const ModelSignature& signature, PolicyAnswer& answer) const;

  bool is_empty() const noexcept { return sets_.empty(); }

 private:
  struct Value {
    std::vector<std::byte> bytes;     // of one row
    std::vector<std::string> texts;   // of one row
    std::vector<std::int64_t> shape;  // of one row
  };
  using Set = std::vector<Value>;  // by output of the signature

  static Result<Value> make(const OutputValue& value, const ModelTensor& output, const std::string& place);
  std::vector<Set> sets_;
};

}  // namespace slipway
