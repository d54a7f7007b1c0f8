// Statements over many rows whose texts are few, so that they stay prepared however many rows there are.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sql.h"

namespace slipway {

// "INSERT INTO t (run, key, value) VALUES " + rows + " ON CONFLICT …" for any number of rows. A row begins with values
// that all rows share.
class InsertRows {
 public:
  InsertRows(std::string_view head, std::size_t columns_shared, std::size_t columns_own, std::string_view tail);

  // `own`: columns_own values for each row.
  Status put(Transaction& t, const SqlArguments& shared, std::vector<SqlValue> own) const;
  // The same, and says how many rows were changed: a round trip for each statement.
  Result<std::int64_t> count(Transaction& t, const SqlArguments& shared, std::vector<SqlValue> own) const;

 private:
  // The arguments of the statements of each size.
  std::array<std::vector<SqlArguments>, 4> divide(const SqlArguments& shared, std::vector<SqlValue> own) const;

  static constexpr std::array<std::size_t, 4> kSizes{64, 16, 4, 1};
  std::size_t columns_own_;
  std::array<std::string, kSizes.size()> texts_;
};

// "SELECT … WHERE run IN (" + keys + ") …" for any number of keys. The texts may have parameters of their own, $1 to
// $n; those of the keys follow.
class SelectIn {
 public:
  SelectIn(std::string_view head, std::string_view tail, std::size_t parameters = 0);

  Result<std::vector<Row>> query(Transaction& t, std::span<const SqlValue> keys,
                                 const SqlArguments& arguments = {}) const;

 private:
  static constexpr std::array<std::size_t, 4> kSizes{1, 16, 128, 1024};
  std::array<std::string, kSizes.size()> texts_;
};

}  // namespace slipway
