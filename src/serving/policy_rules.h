// The rules of a policy, bound to the columns of a model's contract: which rule answers each row.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/bind.h"
#include "serving/policy.h"
#include "serving/policy_outputs.h"

namespace slipway {

class PolicyRules {
 public:
  // `place`: of the step in the policy. invalid_argument "policy.unknown_column", "policy.bad_condition"; the errors of
  // PolicyOutputs::add().
  static Result<PolicyRules> bind(std::span<const FallbackRule> rules, const ModelSignature& signature,
                                  const BoundContract& contract, std::string_view place);

  // Of each of `rows`, the first rule that holds. nullopt when a row has none: the rules have no answer then.
  std::optional<std::vector<std::uint32_t>> choose(std::span<const TensorView> inputs, std::size_t rows) const;
  const PolicyOutputs& outputs() const noexcept { return outputs_; }

 private:
  struct Condition {
    BoundColumn column;
    RuleComparison comparison = RuleComparison::kAlways;
    double number = 0;
    std::string text;

    bool holds(std::span<const TensorView> inputs, std::size_t row) const;
  };
  std::vector<Condition> conditions_;  // one a rule
  PolicyOutputs outputs_;              // in the same order
};

}  // namespace slipway
