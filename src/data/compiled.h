// A contract compiled for columns of known types: flat, specialised checks, run a column at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/column.h"
#include "data/contract.h"

namespace slipway {

struct Program;

inline constexpr std::size_t kViolationsShownMax = 100;

struct Violation {
  std::string field;
  std::int64_t row = -1;  // -1: a rule on the batch as a whole
  std::string found;      // the value as text, or the count
  std::string rule;       // "minimum 0"
  Severity severity = Severity::kError;
  std::string_view reason;  // "contract.out_of_range"; static
};

// What a batch broke: at most `limit` violations, errors first, then by row; the totals count all of them.
struct Report {
  std::vector<Violation> violations;
  std::uint64_t errors_total = 0;
  std::uint64_t warnings_total = 0;
  bool is_accepted() const noexcept { return errors_total == 0; }
};

struct ColumnSpec {
  std::string name;
  DataType type = DataType::kFp32;
  std::size_t values_per_row = 1;  // 0: known only from the batch
};

// Immutable; copies share the program; safe from any number of threads.
class CompiledContract {
 public:
  // For data whose columns are named by property: files, training sets. Columns that the contract does not name are not
  // checked. Fails with invalid_argument if a field of `environment` has no column (contract.missing_field), the type
  // of its column does not fit (contract.type_mismatch) or a rule cannot be enforced on it (contract.unsupported).
  static Result<CompiledContract> compile(const Contract& contract, std::span<const ColumnSpec> columns,
                                          Environment environment);

  // `columns`: in the order given to compile, of the same types, with the same number of rows.
  bool passes(std::span<const ColumnView> columns) const;
  Report check(std::span<const ColumnView> columns, std::size_t limit = kViolationsShownMax) const;

 private:
  explicit CompiledContract(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

}  // namespace slipway
