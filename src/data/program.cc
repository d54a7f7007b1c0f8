#include "data/program.h"

#include <algorithm>

#include "data/duplicates.h"

namespace slipway {
namespace {

std::string_view limit_reason(const std::string& reason) {
  for (const std::string_view known : {"contract.null_share", "contract.missing_share", "contract.invalid_share"}) {
    if (known == reason) return known;
  }
  return "contract.share";
}

std::vector<std::size_t> repeated_rows(const DuplicateCheck& check, std::span<const ColumnView> columns) {
  std::vector<ColumnView> views;
  for (const std::size_t column : check.columns) views.push_back(columns[column]);
  return find_repeated_rows(views);
}

// A single row repeats nothing; only a limit can then be broken, and the common request is a single row.
bool passes(const DuplicateCheck& check, std::span<const ColumnView> columns) {
  const std::size_t rows = columns[check.columns.front()].rows();
  const std::size_t repeats = rows < 2 ? 0 : repeated_rows(check, columns).size();
  return check.limit ? check.limit->accepts(repeats, rows) : repeats == 0;
}

bool passes(const ColumnCheck& check, const ColumnView& column) noexcept {
  const std::size_t failures = check.rule->count_failures(column);
  return check.limit ? check.limit->accepts(failures, column.count) : failures == 0;
}

// Field of a whole tensor: which of the row's values it was.
std::string field_name(const ColumnSpec& spec, const ColumnView& column, std::size_t index) {
  if (column.values_per_row <= 1) return spec.name;
  return spec.name + "[" + std::to_string(index % column.values_per_row) + "]";
}

std::string row_text(const DuplicateCheck& check, std::span<const ColumnView> columns, std::size_t row) {
  std::string text;
  for (const std::size_t column : check.columns) text += (text.empty() ? "" : ", ") + value_text(columns[column], row);
  return text;
}

class Explainer {
 public:
  Explainer(const Program& program, std::span<const ColumnView> columns, std::size_t limit)
      : program_(program), columns_(columns), limit_(limit) {}

  Report run() {
    for (const ColumnCheck& check : program_.checks) {
      if (!passes(check, columns_[check.column])) explain(check, columns_[check.column]);
    }
    for (const DuplicateCheck& check : program_.duplicates) {
      if (!passes(check, columns_)) explain(check);
    }
    for (const RowCountCheck& check : program_.row_counts) {
      const std::size_t rows = columns_.empty() ? 0 : columns_.front().rows();
      if (check.limit.accepts(rows, rows)) continue;
      add({program_.object, -1, std::to_string(rows) + " rows", check.limit.rule(), check.severity,
           "contract.row_count"});
    }
    auto& found = report_.violations;
    std::stable_sort(found.begin(), found.end(), [](const Violation& left, const Violation& right) {
      return std::pair(left.severity, left.row) < std::pair(right.severity, right.row);
    });
    if (found.size() > limit_) found.erase(found.begin() + static_cast<std::ptrdiff_t>(limit_), found.end());
    return std::move(report_);
  }

 private:
  void explain(const ColumnCheck& check, const ColumnView& column) {
    const ColumnSpec& spec = program_.columns[check.column];
    if (check.limit) {
      const std::size_t failures = check.rule->count_failures(column);
      add({spec.name, -1, check.limit->found(failures, column.count), check.limit->rule(), check.severity,
           limit_reason(check.reason)});
      return;
    }
    std::size_t shown = 0;
    for (std::size_t i = 0; i < column.count; ++i) {
      if (!check.rule->fails(column, i)) continue;
      if (shown++ >= limit_) {
        count(check.severity);
        continue;
      }
      const Explanation why = check.rule->explain(column, i);
      add({field_name(spec, column, i), static_cast<std::int64_t>(i / column.values_per_row), value_text(column, i),
           std::string(why.rule), check.severity, why.reason});
    }
  }

  void explain(const DuplicateCheck& check) {
    const std::vector<std::size_t> repeats = repeated_rows(check, columns_);
    if (check.limit) {
      const std::size_t rows = columns_[check.columns.front()].rows();
      add({check.field, -1, check.limit->found(repeats.size(), rows), check.limit->rule(), check.severity,
           "contract.duplicate"});
      return;
    }
    for (std::size_t i = 0; i < repeats.size(); ++i) {
      if (i >= limit_) {
        count(check.severity);
        continue;
      }
      add({check.field, static_cast<std::int64_t>(repeats[i]), row_text(check, columns_, repeats[i]), check.rule,
           check.severity, "contract.duplicate"});
    }
  }

  void count(Severity severity) { ++(severity == Severity::kError ? report_.errors_total : report_.warnings_total); }

  void add(Violation violation) {
    count(violation.severity);
    report_.violations.push_back(std::move(violation));
  }

  const Program& program_;
  std::span<const ColumnView> columns_;
  std::size_t limit_;
  Report report_;
};

}  // namespace

bool passes(const Program& program, std::span<const ColumnView> columns) {
  for (const ColumnCheck& check : program.checks) {
    if (!passes(check, columns[check.column])) return false;
  }
  return passes_batch(program, columns);
}

bool passes_batch(const Program& program, std::span<const ColumnView> columns) {
  for (const DuplicateCheck& check : program.duplicates) {
    if (!passes(check, columns)) return false;
  }
  const std::size_t rows = columns.empty() ? 0 : columns.front().rows();
  return std::all_of(program.row_counts.begin(), program.row_counts.end(),
                     [&](const RowCountCheck& check) { return check.limit.accepts(rows, rows); });
}

Report explain(const Program& program, std::span<const ColumnView> columns, std::size_t limit) {
  return Explainer(program, columns, limit).run();
}

}  // namespace slipway
