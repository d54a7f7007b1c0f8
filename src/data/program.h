// The flat list of checks that a contract compiles to. Internal to data/.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/compiled.h"
#include "data/compiled_rule.h"
#include "data/contract.h"
#include "data/count_limit.h"

namespace slipway {

struct ColumnCheck {
  std::size_t column = 0;
  std::unique_ptr<CompiledRule> rule;
  Severity severity = Severity::kError;
  std::optional<CountLimit> limit;  // none: no value may fail
  std::string reason;               // of a broken limit
  bool is_interval = false;         // the column's own range; a dense pass over the tensor answers for it
};

struct DuplicateCheck {
  std::vector<std::size_t> columns;
  std::string field;  // "id", "tenant, order"
  std::string rule;
  Severity severity = Severity::kError;
  std::optional<CountLimit> limit;
};

struct RowCountCheck {
  CountLimit limit;
  Severity severity = Severity::kError;
};

struct Program {
  std::vector<ColumnSpec> columns;
  std::vector<ColumnCheck> checks;  // ordered by column
  std::vector<DuplicateCheck> duplicates;
  std::vector<RowCountCheck> row_counts;
  std::string object;                  // the schema's name, for rules on the batch as a whole
  std::vector<std::string> unchecked;  // rules over columns that are not all there, for people
};

// A column and what the contract says of it.
struct ContractedColumn {
  ColumnSpec spec;
  const ContractField* field = nullptr;
};

// Fails with invalid_argument, reason contract.type_mismatch or contract.unsupported; the message names the field.
Result<Program> compile_program(const ContractObject& object, std::vector<ContractedColumn> columns,
                                Environment environment);

bool passes(const Program& program, std::span<const ColumnView> columns);
// Only the rules on the batch as a whole: repeated rows, row counts.
bool passes_batch(const Program& program, std::span<const ColumnView> columns);
Report explain(const Program& program, std::span<const ColumnView> columns, std::size_t limit);

}  // namespace slipway
