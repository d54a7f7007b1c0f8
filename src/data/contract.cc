#include "data/contract.h"

#include <array>

#include "base/bytes.h"

namespace slipway {

std::string_view to_string(LogicalType type) noexcept {
  static constexpr std::array<std::string_view, 10> kNames = {"any",  "string",    "integer", "number", "boolean",
                                                              "date", "timestamp", "time",    "object", "array"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string_view to_string(Severity severity) noexcept { return severity == Severity::kError ? "error" : "warn"; }

std::string_view to_string(Environment environment) noexcept {
  return environment == Environment::kTrain ? "train" : "serve";
}

std::string_view to_string(RuleMetric metric) noexcept {
  static constexpr std::array<std::string_view, 5> kNames = {"nullValues", "missingValues", "invalidValues",
                                                             "duplicateValues", "rowCount"};
  return kNames[static_cast<std::size_t>(metric)];
}

std::string_view to_string(Comparison comparison) noexcept {
  static constexpr std::array<std::string_view, 8> kNames = {
      "mustBe",         "mustNotBe",           "mustBeGreaterThan", "mustBeGreaterOrEqualTo",
      "mustBeLessThan", "mustBeLessOrEqualTo", "mustBeBetween",     "mustNotBeBetween"};
  return kNames[static_cast<std::size_t>(comparison)];
}

bool QualityRule::is_per_row() const noexcept {
  if (metric == RuleMetric::kRowCount) return false;
  const bool zero = compare(low, Number()) == 0;
  if (comparison == Comparison::kBe || comparison == Comparison::kLessOrEqualTo) return zero;
  return comparison == Comparison::kLessThan && unit == Unit::kRows && low.is_positive() && low.ceiling() <= 1;
}

Result<const ContractObject*> Contract::model_object() const {
  if (model_schema.empty() && objects.size() == 1) return &objects.front();
  if (model_schema.empty()) {
    return fail(Code::kFailedPrecondition, "contract.no_schema",
                objects.empty()
                    ? "the contract has no schema; the model's inputs are described there"
                    : "the contract has " + std::to_string(objects.size()) +
                          " schemas; name the one of the model's inputs in the custom property modelSchema");
  }
  for (const ContractObject& object : objects) {
    if (object.name == model_schema) return &object;
  }
  return fail(Code::kFailedPrecondition, "contract.no_schema",
              "modelSchema names " + quoted(model_schema) + "; the contract has no schema of that name");
}

}  // namespace slipway
