// Values in PostgreSQL's binary format (its *send and *recv functions), chosen by the type's OID.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "storage/sql.h"

namespace slipway {

using PostgresType = unsigned int;  // an Oid

// Arguments as libpq takes them. Points into the SqlArguments that it was made of, and into itself.
class PostgresArguments {
 public:
  // internal "sql.error" where a value does not fit the type that the server inferred for its parameter.
  static Result<PostgresArguments> encode(const SqlArguments& arguments, std::span<const PostgresType> types);
  PostgresArguments(PostgresArguments&&) = default;
  PostgresArguments& operator=(PostgresArguments&&) = default;

  int size() const noexcept { return static_cast<int>(values_.size()); }
  const char* const* values() const noexcept { return values_.data(); }
  const int* lengths() const noexcept { return lengths_.data(); }
  const int* formats() const noexcept { return formats_.data(); }

 private:
  PostgresArguments() = default;
  bool add(const SqlValue& value, PostgresType type);
  void add_bytes(std::string_view bytes, int format);
  void add_number(std::string_view bytes, int format);

  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::vector<std::array<char, 32>> numbers_;  // never grows beyond what was reserved: values_ points into it
};

// A column of a result in binary format; not NULL.
Result<SqlValue> decode_postgres(PostgresType type, std::string_view bytes);

}  // namespace slipway
