#include <cassert>
#include <limits>

#include "storage/sql.h"

namespace slipway {

std::int64_t Row::integer(std::size_t column) const {
  const auto* value = std::get_if<std::int64_t>(&values_.at(column));
  assert(value != nullptr && "the column is not an integer");
  return *value;
}

double Row::real(std::size_t column) const {
  const SqlValue& value = values_.at(column);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* text = std::get_if<std::string>(&value); text != nullptr && *text == "NaN") {
    return std::numeric_limits<double>::quiet_NaN();  // SQLite has no NaN; its driver keeps it as this text
  }
  const auto* real = std::get_if<double>(&value);
  assert(real != nullptr && "the column is not a number");
  return *real;
}

const std::string& Row::text(std::size_t column) const {
  const auto* value = std::get_if<std::string>(&values_.at(column));
  assert(value != nullptr && "the column is not text");
  return *value;
}

const SqlBlob& Row::blob(std::size_t column) const {
  const auto* value = std::get_if<SqlBlob>(&values_.at(column));
  assert(value != nullptr && "the column is not a blob");
  return *value;
}

std::optional<std::string> Row::optional_text(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<std::int64_t> Row::optional_integer(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

}  // namespace slipway
