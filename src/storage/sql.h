// One SQL, two drivers: the same statement text runs on SQLite and on PostgreSQL.
//
// Statements use $1 … $n, ON CONFLICT, RETURNING, and the types TEXT, BIGINT, DOUBLE PRECISION, BYTEA/BLOB (written as
// {blob} in migrations), BOOLEAN as BIGINT 0/1. Identifiers are made by us (base/id.h), so there are no identity
// columns. All calls block; never make one on an I/O thread. A Database is shared by all threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace slipway {

struct SqlNull {
  bool operator==(const SqlNull&) const = default;
};
using SqlBlob = std::vector<std::uint8_t>;

// A value going in or out. NULL is SqlNull.
using SqlValue = std::variant<SqlNull, std::int64_t, double, std::string, SqlBlob>;

// One row of a result, owning its values. Columns by position, in the order of the SELECT.
class Row {
 public:
  explicit Row(std::vector<SqlValue> values) : values_(std::move(values)) {}
  std::size_t size() const noexcept { return values_.size(); }
  bool is_null(std::size_t column) const { return std::holds_alternative<SqlNull>(values_.at(column)); }
  // Precondition: the column holds this type (a programming error otherwise; asserts).
  std::int64_t integer(std::size_t column) const;
  double real(std::size_t column) const;  // accepts an integer
  const std::string& text(std::size_t column) const;
  const SqlBlob& blob(std::size_t column) const;
  std::optional<std::string> optional_text(std::size_t column) const;
  std::optional<std::int64_t> optional_integer(std::size_t column) const;

 private:
  std::vector<SqlValue> values_;
};

using SqlArguments = std::vector<SqlValue>;

// Executes statements inside one transaction. Not shared between threads. Valid only inside the function it is given
// to. The first statement that fails fails the transaction: the ones after it return the same error, and nothing is
// kept.
class Transaction {
 public:
  virtual ~Transaction() = default;
  // Rows of a SELECT or of a RETURNING clause.
  virtual Result<std::vector<Row>> query(std::string_view sql, const SqlArguments& arguments = {}) = 0;
  // The number of rows changed.
  virtual Result<std::int64_t> execute(std::string_view sql, const SqlArguments& arguments = {}) = 0;
  // The same statement for each set of arguments; one round trip where the driver can (libpq pipeline mode).
  virtual Status execute_batch(std::string_view sql, std::span<const SqlArguments> rows) = 0;
};

// Errors carry: already_exists "sql.unique" (unique or primary key), failed_precondition "sql.constraint" (check,
// foreign key, trigger; the message is the constraint's own), aborted "sql.conflict" (serialization, deadlock: write()
// has retried it), unavailable "sql.unavailable" (connection, disk), invalid_argument "sql.text" (an argument with a
// NUL, or not UTF-8), internal "sql.error" (a defect of ours). A body must not call the Database again; it has its
// Transaction.
class Database {
 public:
  virtual ~Database() = default;
  // Runs `body` in a serializable read-write transaction; commits if it returns ok, rolls back otherwise (also when it
  // throws). It may run more than once, and on the thread of another caller whose transaction shares its commit, so it
  // must not act outside the database. Durable when ok.
  virtual Status write(const std::function<Status(Transaction&)>& body) = 0;
  // Runs `body` on a consistent snapshot; concurrent with writers.
  virtual Status read(const std::function<Status(Transaction&)>& body) = 0;
  // "sqlite" or "postgresql": for messages and migrations only, never to choose a statement.
  virtual std::string_view dialect() const noexcept = 0;
};

// "sqlite:PATH", "sqlite::memory:", or a PostgreSQL URI ("postgresql://…"). Applies pending migrations before it
// returns; refuses a database whose schema is newer than this program.
Result<std::unique_ptr<Database>> open_database(const std::string& uri);

}  // namespace slipway
