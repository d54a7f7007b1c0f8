// A data contract: what the values that a model takes must look like. The Open Data Contract Standard 3.1, read
// strictly.
//
// The model of a contract is plain values; compiled.h turns it into checks. Names, defaults and what is enforced where
// are in docs/reference/contract.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"
#include "data/number.h"

namespace slipway {

enum class LogicalType : std::uint8_t {
  kUnspecified,
  kString,
  kInteger,
  kNumber,
  kBoolean,
  kDate,
  kTimestamp,
  kTime,
  kObject,
  kArray
};
enum class Severity : std::uint8_t { kError, kWarn };
enum class Environment : std::uint8_t { kTrain, kServe };

std::string_view to_string(LogicalType type) noexcept;  // "string", …; "any" if unspecified
std::string_view to_string(Severity severity) noexcept;
std::string_view to_string(Environment environment) noexcept;

struct Environments {
  bool in_train = true;
  bool in_serve = true;
  bool contains(Environment environment) const noexcept {
    return environment == Environment::kTrain ? in_train : in_serve;
  }
  bool operator==(const Environments&) const = default;
};

enum class RuleMetric : std::uint8_t { kNullValues, kMissingValues, kInvalidValues, kDuplicateValues, kRowCount };
enum class Comparison : std::uint8_t {
  kBe,
  kNotBe,
  kGreaterThan,
  kGreaterOrEqualTo,
  kLessThan,
  kLessOrEqualTo,
  kBetween,
  kNotBetween
};
enum class Unit : std::uint8_t { kRows, kPercent };

std::string_view to_string(RuleMetric metric) noexcept;      // "nullValues", …
std::string_view to_string(Comparison comparison) noexcept;  // "mustBe", …

// An entry of validValues or missingValues.
struct ListedValue {
  std::string text;
  bool is_null = false;
};

// One entry of `quality` of type library: metric, comparison, threshold.
struct QualityRule {
  RuleMetric metric = RuleMetric::kNullValues;
  Comparison comparison = Comparison::kBe;
  Number low;   // the only threshold, or the lower one
  Number high;  // of the two comparisons with a pair
  Unit unit = Unit::kRows;
  std::vector<ListedValue> values;      // validValues or missingValues
  std::string pattern;                  // of invalidValues
  std::vector<std::string> properties;  // of duplicateValues over several columns
  Severity severity = Severity::kError;
  Environments environments;
  int line = 0;

  // "No value may": each offending row is a violation of its own, so the rule holds for a single request too.
  bool is_per_row() const noexcept;
};

struct ContractField {
  std::string name;
  LogicalType type = LogicalType::kUnspecified;
  std::string format;  // "u8", "f32": the range of an integer's format is enforced
  bool is_required = false;
  bool is_unique = false;
  bool is_primary_key = false;
  std::optional<Number> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
  std::string earliest, latest, exclusive_earliest,
      exclusive_latest;                                 // bounds of date, timestamp and time; empty: none
  std::optional<std::uint64_t> length_min, length_max;  // Unicode code points
  std::string pattern;                                  // RE2; must match somewhere in the value
  std::vector<QualityRule> quality;

  // From customProperties.
  std::string tensor;                 // the model's input; the property's name by default
  std::optional<std::size_t> column;  // of a two-dimensional input; none: every value of the input
  bool accepts_nan = false;
  bool accepts_infinity = false;
  Severity severity = Severity::kError;
  Environments environments;
  int line = 0;
};

// One entry of `schema`: a table.
struct ContractObject {
  std::string name;
  std::vector<ContractField> fields;
  std::vector<QualityRule> quality;
  std::string tensor;        // custom property: the properties are this input's columns, in their order
  bool accepts_nan = false;  // for inputs that no property names
  bool accepts_infinity = false;
  int line = 0;
};

// Something that the contract says and nothing here enforces: shown, never dropped in silence.
struct ContractNote {
  int line = 0;
  std::string path;
  std::string text;
};

struct Contract {
  std::string api_version = "v3.1.0";
  std::string id;
  std::string name;
  std::string version;
  std::string status;
  std::string purpose;  // description.purpose
  std::vector<ContractObject> objects;
  std::string model_schema;  // custom property modelSchema: the object that describes the model's inputs
  std::vector<ContractNote> not_enforced;

  // The object that describes the model's inputs: the only one, or the one that modelSchema names.
  // Fails with failed_precondition, reason contract.no_schema.
  Result<const ContractObject*> model_object() const;
};

// Fails with invalid_argument; the message begins with line and column, and the details name each mistake found (at
// most 20). Reasons: contract.syntax, contract.too_large, contract.duplicate_key, contract.unknown_key,
// contract.missing_key, contract.bad_value, contract.unsupported.
Result<Contract> parse_contract(std::string_view yaml);

// What can be said of a model without a contract: its inputs, their types, no NaN and no infinity.
Contract derive_contract(std::string_view name, std::span<const TensorSpec> inputs);

// One JSON object: fields with their rules as text, and what is not enforced.
std::string summary_json(const Contract& contract);

// The same for people, one line a field.
std::string summary_text(const Contract& contract);

}  // namespace slipway
