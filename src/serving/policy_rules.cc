#include "serving/policy_rules.h"

#include <algorithm>

#include "base/bytes.h"
#include "data/values.h"

namespace slipway {
namespace {

template <typename Value>
bool compares(const Value& found, RuleComparison comparison, const Value& wanted) {
  switch (comparison) {
    case RuleComparison::kAlways:
      return true;
    case RuleComparison::kLess:
      return found < wanted;
    case RuleComparison::kLessOrEqual:
      return found <= wanted;
    case RuleComparison::kEqual:
      return found == wanted;
    case RuleComparison::kNotEqual:
      return found != wanted;
    case RuleComparison::kGreaterOrEqual:
      return found >= wanted;
    case RuleComparison::kGreater:
      return found > wanted;
  }
  return false;
}

double number_at(const TensorView& tensor, std::size_t index) {
  return with_fixed_type(tensor.type, [&](auto type) {
    using Stored = Values<decltype(type)::value>;
    return static_cast<double>(Stored::load(tensor.data.data() + index * Stored::kSize));
  });
}

Status check_operand(const FallbackRule& rule, const BoundColumn& column, const std::string& place) {
  const auto refuse = [&](const std::string& message) -> Status {
    return fail(Code::kInvalidArgument, "policy.bad_condition",
                place + ": column " + quoted(rule.column) + " is " + std::string(to_string(column.type)) + message);
  };
  if (column.type == DataType::kBytes) {
    if (!rule.text) return refuse("; compare it with text: put the value in quotes");
    const bool is_equality = rule.comparison == RuleComparison::kEqual || rule.comparison == RuleComparison::kNotEqual;
    return is_equality ? Status() : refuse("; text is compared with equal or notEqual");
  }
  return rule.text ? refuse("; compare it with a number, not " + quoted(*rule.text)) : Status();
}

}  // namespace

Result<PolicyRules> PolicyRules::bind(std::span<const FallbackRule> rules, const ModelSignature& signature,
                                      const BoundContract& contract, std::string_view place) {
  PolicyRules bound;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const FallbackRule& rule = rules[i];
    const std::string where = std::string(place) + "[" + std::to_string(i) + "]";
    Condition& condition = bound.conditions_.emplace_back();
    condition.comparison = rule.comparison;
    condition.number = rule.number;
    condition.text = rule.text.value_or("");
    if (rule.comparison != RuleComparison::kAlways) {
      auto column = contract.find_column(rule.column);
      if (!column) {
        std::string names;
        for (const std::string& name : contract.column_names()) names += (names.empty() ? "" : ", ") + name;
        return fail(Code::kInvalidArgument, "policy.unknown_column",
                    where + ".when: no column " + quoted(rule.column) + "; the columns are " + names);
      }
      SLIPWAY_CHECK(check_operand(rule, *column, where + ".when"));
      condition.column = *std::move(column);
    }
    SLIPWAY_CHECK(bound.outputs_.add(rule.outputs, signature, where + ".outputs"));
  }
  return bound;
}

bool PolicyRules::Condition::holds(std::span<const TensorView> inputs, std::size_t row) const {
  if (comparison == RuleComparison::kAlways) return true;
  const auto tensor =
      std::find_if(inputs.begin(), inputs.end(), [&](const auto& input) { return input.name == column.input; });
  if (tensor == inputs.end()) return false;
  const std::size_t index = row * column.values_per_row + column.offset;
  if (tensor->type == DataType::kBytes) {
    return index < tensor->strings.size() && compares(tensor->strings[index], comparison, std::string_view(text));
  }
  return index < tensor->data.size() / element_size(tensor->type) &&
         compares(number_at(*tensor, index), comparison, number);
}

std::optional<std::vector<std::uint32_t>> PolicyRules::choose(std::span<const TensorView> inputs,
                                                              std::size_t rows) const {
  std::vector<std::uint32_t> choices;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto rule = std::find_if(conditions_.begin(), conditions_.end(),
                                   [&](const Condition& condition) { return condition.holds(inputs, row); });
    if (rule == conditions_.end()) return std::nullopt;
    choices.push_back(static_cast<std::uint32_t>(rule - conditions_.begin()));
  }
  return choices;
}

}  // namespace slipway
