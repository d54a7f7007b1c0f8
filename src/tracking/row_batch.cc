#include "tracking/row_batch.h"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace slipway {
namespace {

void append_parameter(std::string& text, std::size_t number) { text.append(1, '$').append(std::to_string(number)); }

}  // namespace

InsertRows::InsertRows(std::string_view head, std::size_t columns_shared, std::size_t columns_own,
                       std::string_view tail)
    : columns_own_(columns_own) {
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    std::string& text = texts_[i];
    text = head;
    std::size_t next = columns_shared + 1;
    for (std::size_t row = 0; row < kSizes[i]; ++row) {
      text.append(row == 0 ? "(" : ", (");
      for (std::size_t column = 0; column < columns_shared + columns_own; ++column) {
        if (column > 0) text.append(", ");
        append_parameter(text, column < columns_shared ? column + 1 : next++);
      }
      text.append(1, ')');
    }
    text.append(tail);
  }
}

std::array<std::vector<SqlArguments>, 4> InsertRows::divide(const SqlArguments& shared,
                                                            std::vector<SqlValue> own) const {
  assert(own.size() % columns_own_ == 0);
  std::array<std::vector<SqlArguments>, kSizes.size()> of_size;
  auto next = own.begin();
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    const auto values = static_cast<std::ptrdiff_t>(kSizes[i] * columns_own_);
    for (; own.end() - next >= values; next += values) {
      SqlArguments& arguments = of_size[i].emplace_back();
      arguments.reserve(shared.size() + static_cast<std::size_t>(values));
      arguments.assign(shared.begin(), shared.end());
      arguments.insert(arguments.end(), std::make_move_iterator(next), std::make_move_iterator(next + values));
    }
  }
  return of_size;
}

Status InsertRows::put(Transaction& t, const SqlArguments& shared, std::vector<SqlValue> own) const {
  const auto of_size = divide(shared, std::move(own));
  for (std::size_t i = 0; i < kSizes.size(); ++i) SLIPWAY_CHECK(t.execute_batch(texts_[i], of_size[i]));
  return {};
}

Result<std::int64_t> InsertRows::count(Transaction& t, const SqlArguments& shared, std::vector<SqlValue> own) const {
  const auto of_size = divide(shared, std::move(own));
  std::int64_t changed = 0;
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    for (const SqlArguments& arguments : of_size[i]) {
      SLIPWAY_TRY(const std::int64_t rows, t.execute(texts_[i], arguments));
      changed += rows;
    }
  }
  return changed;
}

SelectIn::SelectIn(std::string_view head, std::string_view tail, std::size_t parameters) {
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    std::string& text = texts_[i];
    text = head;
    text.append(1, '(');
    for (std::size_t key = 1; key <= kSizes[i]; ++key) {
      if (key > 1) text.append(", ");
      append_parameter(text, parameters + key);
    }
    text.append(1, ')').append(tail);
  }
}

Result<std::vector<Row>> SelectIn::query(Transaction& t, std::span<const SqlValue> keys,
                                         const SqlArguments& arguments) const {
  std::vector<Row> found;
  while (!keys.empty()) {
    const std::size_t count = std::min(keys.size(), kSizes.back());
    const auto size = static_cast<std::size_t>(std::ranges::lower_bound(kSizes, count) - kSizes.begin());
    SqlArguments all = arguments;
    all.insert(all.end(), keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(count));
    all.resize(arguments.size() + kSizes[size], keys.front());  // a key that stands twice finds nothing more
    SLIPWAY_TRY(std::vector<Row> rows, t.query(texts_[size], all));
    if (found.empty()) {
      found = std::move(rows);
    } else {
      std::ranges::move(rows, std::back_inserter(found));
    }
    keys = keys.subspan(count);
  }
  return found;
}

}  // namespace slipway
