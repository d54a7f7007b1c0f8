#include "data/duplicates.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <utility>

#include "data/values.h"

namespace slipway {
namespace {

// Equal keys for equal values; nullopt for what equals nothing.
std::optional<std::uint64_t> fixed_key(const ColumnView& column, std::size_t row) {
  if (!column.is_valid(row)) return std::nullopt;
  return with_fixed_type(column.type, [&](auto type) -> std::optional<std::uint64_t> {
    const auto value = Values<type()>::load(column.at(row));
    if constexpr (is_float(type())) {
      if (value != value) return std::nullopt;
      return std::bit_cast<std::uint64_t>(static_cast<double>(value) + 0.0);  // -0 + 0 is 0
    } else {
      return static_cast<std::uint64_t>(value);
    }
  });
}

bool append_key(std::string& key, const ColumnView& column, std::size_t row) {
  if (column.type != DataType::kBytes) {
    const std::optional<std::uint64_t> fixed = fixed_key(column, row);
    if (fixed) key.append(reinterpret_cast<const char*>(&*fixed), sizeof *fixed);
    return fixed.has_value();
  }
  if (!column.is_valid(row)) return false;
  const std::string_view text = column.string_at(row);
  const std::uint64_t size = text.size();  // keeps ("ab", "c") apart from ("a", "bc")
  key.append(reinterpret_cast<const char*>(&size), sizeof size).append(text);
  return true;
}

template <typename Key>
std::vector<std::size_t> repeated(std::vector<std::pair<Key, std::size_t>> keys) {
  std::sort(keys.begin(), keys.end());
  std::vector<std::size_t> rows;
  for (std::size_t i = 1; i < keys.size(); ++i) {
    if (keys[i].first == keys[i - 1].first) rows.push_back(keys[i].second);
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

}  // namespace

std::vector<std::size_t> find_repeated_rows(std::span<const ColumnView> columns) {
  std::size_t rows = columns.empty() ? 0 : columns.front().count;
  for (const ColumnView& column : columns) rows = std::min(rows, column.count);
  if (rows < 2) return {};
  if (columns.size() == 1 && columns.front().type != DataType::kBytes) {
    std::vector<std::pair<std::uint64_t, std::size_t>> keys;
    keys.reserve(rows);
    for (std::size_t row = 0; row < rows; ++row) {
      if (const auto key = fixed_key(columns.front(), row)) keys.emplace_back(*key, row);
    }
    return repeated(std::move(keys));
  }
  std::vector<std::pair<std::string, std::size_t>> keys;
  keys.reserve(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    std::string key;
    const bool is_comparable = std::all_of(columns.begin(), columns.end(),
                                           [&](const ColumnView& column) { return append_key(key, column, row); });
    if (is_comparable) keys.emplace_back(std::move(key), row);
  }
  return repeated(std::move(keys));
}

}  // namespace slipway
