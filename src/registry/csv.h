// Comma-separated values, RFC 4180: a header line, "…" around fields with commas, quotes ("" inside) or line breaks,
// lines ended by LF or CRLF. A byte order mark is skipped. UTF-8 only. The whole table is in memory.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway {

class CsvTable {
 public:
  // invalid_argument "csv.invalid" with the line: a row of another length, an open quote, two columns of one name.
  static Result<CsvTable> parse(std::string text);

  const std::vector<std::string_view>& columns() const noexcept { return columns_; }
  std::optional<std::size_t> column(std::string_view name) const noexcept;
  std::size_t row_count() const noexcept { return cells_.size() / columns_.size(); }
  std::string_view at(std::size_t row, std::size_t column) const { return cells_[row * columns_.size() + column]; }

  CsvTable(CsvTable&&) noexcept = default;
  CsvTable& operator=(CsvTable&&) noexcept = default;

 private:
  CsvTable() = default;

  std::vector<char> text_;  // quoted fields are unescaped in place; a vector, so that moving keeps its address
  std::vector<std::string_view> columns_;
  std::vector<std::string_view> cells_;  // row by row
};

}  // namespace slipway
