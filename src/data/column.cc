#include "data/column.h"

#include <charconv>
#include <cmath>

#include "base/bytes.h"
#include "data/values.h"

namespace slipway {
namespace {

template <typename T>
std::string number_text(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  }
  char digits[40];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

}  // namespace

std::string value_text(const ColumnView& column, std::size_t index) {
  if (!column.is_valid(index)) return "null";
  if (column.type == DataType::kBytes) return quoted(column.string_at(index));
  return with_fixed_type(column.type, [&](auto type) { return number_text(Values<type()>::load(column.at(index))); });
}

}  // namespace slipway
