#include <charconv>
#include <fmt/format.h>
#include <optional>

#include "base/bytes.h"
#include "registry/csv.h"
#include "reproduce/compare.h"

namespace slipway::reproduce {
namespace {

std::optional<double> number_of(std::string_view cell) {
  double number = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  if (error != std::errc() || end != cell.data() + cell.size() || cell.empty()) return std::nullopt;
  return number;
}

void compare_column(const CsvTable& recorded, const CsvTable& reproduced, std::size_t column, const Bounds& bounds,
                    FormResult& result) {
  for (std::size_t row = 0; row < recorded.row_count(); ++row) {
    const std::string_view left = recorded.at(row, column);
    const std::string_view right = reproduced.at(row, column);
    const auto where = [&] { return fmt::format("row {}, column {}", row + 1, recorded.columns()[column]); };
    const auto first = number_of(left);
    const auto second = number_of(right);
    if (first && second) {
      result.numbers.look(*first, *second, bounds, where);
    } else if (left != right) {
      if (result.differs.empty())
        result.differs = fmt::format("{}: {} became {}", where(), slipway::quoted(left), slipway::quoted(right));
      return;
    }
  }
}

}  // namespace

FormResult compare_csv(const std::string& path, std::string_view recorded, std::string_view reproduced,
                       const Tolerance& tolerance) {
  FormResult result;
  const auto left = CsvTable::parse(std::string(recorded));
  const auto right = CsvTable::parse(std::string(reproduced));
  if (!left || !right) {
    result.differs = !left ? "the recorded file is no table with a header line" : "it is no table any more";
  } else if (left->columns() != right->columns()) {
    result.differs = "the columns are others";
  } else if (left->row_count() != right->row_count()) {
    result.differs = fmt::format("{} rows became {}", left->row_count(), right->row_count());
  } else {
    for (std::size_t column = 0; column < left->columns().size(); ++column) {
      const Bounds& bounds = tolerance.at(fmt::format("{}#/{}", path, left->columns()[column]));
      if (!bounds.is_ignored) compare_column(*left, *right, column, bounds, result);
    }
  }
  return result;
}

}  // namespace slipway::reproduce
