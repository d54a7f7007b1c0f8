// What the two SQL drivers have in common, and what migrations need beyond a Database.
//
// A Connection is one session with the database, used by one thread at a time. It is also the Transaction that a body
// is given: between begin() and commit() or rollback().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "storage/sql.h"

namespace slipway {

enum class TransactionMode { kRead, kWrite, kSchema };

class Connection : public Transaction {
 public:
  virtual Status begin(TransactionMode mode) = 0;
  virtual Status commit() = 0;
  virtual void rollback() noexcept = 0;

  // The statements of Transaction. The first failure fails the transaction: PostgreSQL takes no statement after it, so
  // SQLite must not either, or a body would work on one and not on the other.
  Result<std::vector<Row>> query(std::string_view sql, const SqlArguments& arguments) final;
  Result<std::int64_t> execute(std::string_view sql, const SqlArguments& arguments) final;
  Status execute_batch(std::string_view sql, std::span<const SqlArguments> rows) final;
  // Several statements separated by semicolons, without arguments.
  Status run_script(std::string_view sql);

  const std::optional<Error>& failure() const noexcept { return failure_; }

 protected:
  virtual Result<std::vector<Row>> run_query(std::string_view sql, const SqlArguments& arguments) = 0;
  virtual Result<std::int64_t> run_execute(std::string_view sql, const SqlArguments& arguments) = 0;
  virtual Status run_batch(std::string_view sql, std::span<const SqlArguments> rows) = 0;
  virtual Status run_statements(const std::string& sql) = 0;
  void forget_failure() noexcept { failure_.reset(); }

 private:
  template <typename Run>
  auto guarded(Run run) -> decltype(run());

  std::optional<Error> failure_;
};

using ConnectionBody = std::function<Status(Connection&)>;

// A Database that has not applied migrations.
class Driver : public Database {
 public:
  Status write(const std::function<Status(Transaction&)>& body) final;
  Status read(const std::function<Status(Transaction&)>& body) final;
  // Runs `body` while no other process changes the schema; what it reads is committed.
  Status change_schema(const ConnectionBody& body) { return run(TransactionMode::kSchema, body); }

 protected:
  virtual Status run(TransactionMode mode, const ConnectionBody& body) = 0;
};

// The body's status; where it is ok, that of the first statement that failed; an error where the body throws.
Status run_body(Connection& connection, const ConnectionBody& body);

// begin, body, commit; rolls back where any of them fails or throws.
Status run_transaction(Connection& connection, TransactionMode mode, const ConnectionBody& body);

// As open_database(), without migrations.
Result<std::unique_ptr<Driver>> open_driver(const std::string& uri);

}  // namespace slipway
