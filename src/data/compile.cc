// From a field and the type of its column to the list of checks.
#include <algorithm>

#include "base/bytes.h"
#include "data/intervals.h"
#include "data/program.h"
#include "data/text_rules.h"
#include "data/value_rules.h"

namespace slipway {
namespace {

tl::unexpected<Error> refuse(std::string_view reason, const ContractField& field, const std::string& message) {
  return fail(Code::kInvalidArgument, reason, "field " + quoted(field.name) + ": " + message);
}

bool is_temporal(LogicalType type) noexcept {
  return type == LogicalType::kDate || type == LogicalType::kTimestamp || type == LogicalType::kTime;
}

Status check_type(const ContractField& field, DataType type) {
  if (field.type == LogicalType::kObject || field.type == LogicalType::kArray) {
    return refuse("contract.unsupported", field,
                  "the logical type " + std::string(to_string(field.type)) +
                      " cannot be a model's input; describe its parts as properties");
  }
  const bool wants_text = field.type == LogicalType::kString || is_temporal(field.type);
  const bool fits = field.type == LogicalType::kUnspecified || wants_text == (type == DataType::kBytes);
  if (fits) return {};
  return refuse("contract.type_mismatch", field,
                "the contract says " + std::string(to_string(field.type)) + ", the data is " +
                    std::string(to_string(type)) +
                    (wants_text ? "; it must be BYTES" : "; it must be a number or BOOL"));
}

std::string listed_rule(const QualityRule& rule) {
  constexpr std::size_t kShownMax = 8;
  std::string text = rule.metric == RuleMetric::kInvalidValues ? "validValues [" : "missingValues [";
  for (std::size_t i = 0; i < std::min(rule.values.size(), kShownMax); ++i) {
    text.append(i == 0 ? "" : ", ").append(rule.values[i].is_null ? "null" : rule.values[i].text);
  }
  if (rule.values.size() > kShownMax) text += ", … " + std::to_string(rule.values.size()) + " in all";
  return text + "]";
}

class FieldCompiler {
 public:
  FieldCompiler(const ContractField& field, const ColumnSpec& spec, std::size_t column, Environment environment,
                Program& program)
      : field_(field), spec_(spec), column_(column), environment_(environment), program_(program) {}

  Status run() {
    SLIPWAY_CHECK(check_type(field_, spec_.type));
    if (spec_.type != DataType::kBytes) {
      add(make_interval_rule(spec_.type, field_));
      program_.checks.back().is_interval = true;
      if (spec_.type == DataType::kBool)
        program_.checks.back().severity = Severity::kError;  // malformed, whatever the field
      SLIPWAY_CHECK(add_number_rules());
    } else {
      SLIPWAY_CHECK(add_text_rules());
    }
    if (field_.is_required) add(make_null_rule(false, "required"));
    if (field_.is_unique) SLIPWAY_CHECK(add_duplicates("unique", field_.severity, std::nullopt));
    for (const QualityRule& rule : field_.quality) {
      if (!rule.environments.contains(environment_)) continue;
      SLIPWAY_CHECK(add_quality(rule));
    }
    return {};
  }

 private:
  void add(std::unique_ptr<CompiledRule> rule) {
    program_.checks.push_back({column_, std::move(rule), field_.severity, {}, {}, false});
  }

  Status add_number_rules() {
    if (field_.type == LogicalType::kInteger && is_float(spec_.type)) add(make_integral_rule(spec_.type));
    if (field_.type == LogicalType::kBoolean && spec_.type != DataType::kBool) add(make_boolean_rule(spec_.type));
    if (!field_.multiple_of) return {};
    return add_made(make_multiple_rule(spec_.type, *field_.multiple_of));
  }

  Status add_text_rules() {
    if (field_.length_min || field_.length_max) add(make_length_rule(field_.length_min, field_.length_max));
    if (!field_.pattern.empty()) SLIPWAY_CHECK(add_made(make_pattern_rule(field_.pattern)));
    return is_temporal(field_.type) ? add_made(make_temporal_rule(field_)) : Status();
  }

  Status add_made(Result<std::unique_ptr<CompiledRule>> rule) {
    if (!rule) return refuse(rule.error().reason, field_, rule.error().message);
    add(*std::move(rule));
    return {};
  }

  Status add_duplicates(std::string rule, Severity severity, std::optional<CountLimit> limit) {
    if (spec_.values_per_row != 1) {
      return refuse("contract.unsupported", field_,
                    "uniqueness needs one value a row; give each column its own property");
    }
    program_.duplicates.push_back({{column_}, spec_.name, std::move(rule), severity, std::move(limit)});
    return {};
  }

  Status add_quality(const QualityRule& rule) {
    std::optional<CountLimit> limit;
    if (!rule.is_per_row()) limit = CountLimit(rule);
    if (rule.metric == RuleMetric::kDuplicateValues)
      return add_duplicates("duplicateValues", rule.severity, std::move(limit));
    SLIPWAY_TRY(std::unique_ptr<CompiledRule> compiled, make_quality_rule(rule));
    static constexpr std::string_view kReasons[] = {"contract.null_share", "contract.missing_share",
                                                    "contract.invalid_share"};
    program_.checks.push_back({column_, std::move(compiled), rule.severity, std::move(limit),
                               std::string(kReasons[static_cast<std::size_t>(rule.metric)]), false});
    return {};
  }

  Result<std::unique_ptr<CompiledRule>> make_quality_rule(const QualityRule& rule) {
    if (rule.metric == RuleMetric::kNullValues) return make_null_rule(true, "nullValues");
    if (!rule.pattern.empty()) {
      if (spec_.type != DataType::kBytes) return refuse("contract.unsupported", field_, "a pattern needs BYTES");
      return make_pattern_rule(rule.pattern);
    }
    const bool is_missing = rule.metric == RuleMetric::kMissingValues;
    Result<std::unique_ptr<CompiledRule>> listed =
        make_listed_rule(spec_.type, rule.values, is_missing, listed_rule(rule));
    if (!listed) return refuse(listed.error().reason, field_, listed.error().message);
    const bool counts_null = is_missing && std::any_of(rule.values.begin(), rule.values.end(),
                                                       [](const ListedValue& value) { return value.is_null; });
    if (!counts_null) return listed;
    return make_either_rule(make_null_rule(true, listed_rule(rule)), *std::move(listed));
  }

  const ContractField& field_;
  const ColumnSpec& spec_;
  std::size_t column_;
  Environment environment_;
  Program& program_;
};

std::string joined(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

// The primary key and duplicateValues over several properties. A key is checked only where all its columns are.
void add_keys(const ContractObject& object, std::span<const ContractedColumn> columns, Environment environment,
              Program& program) {
  const auto add = [&](const std::vector<std::string_view>& names, std::string rule, Severity severity,
                       std::optional<CountLimit> limit) {
    DuplicateCheck check{{}, {}, std::move(rule), severity, std::move(limit)};
    for (const std::string_view name : names) {
      const auto found = std::find_if(columns.begin(), columns.end(), [&](const ContractedColumn& column) {
        return column.field != nullptr && column.field->name == name && column.spec.values_per_row == 1;
      });
      if (found == columns.end()) {
        program.unchecked.push_back(check.rule + " over " + joined(names) + " is not checked: " + quoted(name) +
                                    " is not a column of its own here");
        return;
      }
      check.columns.push_back(static_cast<std::size_t>(found - columns.begin()));
      check.field += (check.field.empty() ? "" : ", ") + std::string(name);
    }
    if (!check.columns.empty()) program.duplicates.push_back(std::move(check));
  };
  std::vector<std::string_view> key;
  Severity severity = Severity::kWarn;
  for (const ContractField& field : object.fields) {
    if (!field.is_primary_key) continue;
    key.push_back(field.name);
    if (field.severity == Severity::kError) severity = Severity::kError;
  }
  add(key, "primaryKey", severity, std::nullopt);
  for (const QualityRule& rule : object.quality) {
    if (rule.metric != RuleMetric::kDuplicateValues || !rule.environments.contains(environment)) continue;
    add({rule.properties.begin(), rule.properties.end()}, "duplicateValues", rule.severity,
        rule.is_per_row() ? std::nullopt : std::optional(CountLimit(rule)));
  }
}

}  // namespace

Result<Program> compile_program(const ContractObject& object, std::vector<ContractedColumn> columns,
                                Environment environment) {
  Program program;
  program.object = object.name;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    program.columns.push_back(columns[i].spec);
    if (columns[i].field == nullptr) continue;
    SLIPWAY_CHECK(FieldCompiler(*columns[i].field, columns[i].spec, i, environment, program).run());
  }
  add_keys(object, columns, environment, program);
  for (const QualityRule& rule : object.quality) {
    if (rule.metric != RuleMetric::kRowCount || !rule.environments.contains(environment)) continue;
    program.row_counts.push_back({CountLimit(rule), rule.severity});
  }
  return program;
}

}  // namespace slipway
