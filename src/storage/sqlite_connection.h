// One session with a SQLite database, over the C API. Used by one thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/driver.h"
#include "storage/statement_map.h"

struct sqlite3;
struct sqlite3_stmt;

namespace slipway {

enum class SqliteAccess { kReadWrite, kReadOnly };

class SqliteConnection final : public Connection {
 public:
  // `filename` is a path, or a "file:" URI for a database in memory. The first connection to a file is kReadWrite.
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& filename, SqliteAccess access);
  ~SqliteConnection() override;

  Status begin(TransactionMode mode) override;
  Status commit() override;
  void rollback() noexcept override;

  // A part of a transaction, which begins without what went wrong before it: after save(), it is kept or taken back,
  // and what came before it stays.
  void begin_part() noexcept { forget_failure(); }
  Status save();
  Status keep_since_save();
  void rollback_to_save() noexcept;
  bool is_in_transaction() const noexcept;
  // Rows changed so far; whoever sees it unchanged has nothing to take back.
  std::int64_t changes() const noexcept;

 protected:
  Result<std::vector<Row>> run_query(std::string_view sql, const SqlArguments& arguments) override;
  Result<std::int64_t> run_execute(std::string_view sql, const SqlArguments& arguments) override;
  Status run_batch(std::string_view sql, std::span<const SqlArguments> rows) override;
  Status run_statements(const std::string& sql) override;

 private:
  struct CloseHandle {
    void operator()(sqlite3* handle) const noexcept;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  struct Statement {
    std::unique_ptr<sqlite3_stmt, Finalize> handle;
    std::vector<std::size_t> argument_of;  // argument_of[i]: the argument bound to SQLite's parameter i + 1
    std::size_t arguments = 0;             // n of the greatest $n
  };

  SqliteConnection(std::unique_ptr<sqlite3, CloseHandle> handle, SqliteAccess access)
      : handle_(std::move(handle)), access_(access) {}
  Status configure(bool is_file);
  Status use_write_ahead_log();
  Result<Statement*> prepare(std::string_view sql);
  Status run_prepared(std::string_view sql);  // without arguments
  Status bind(const Statement& statement, const SqlArguments& arguments);
  // Runs a bound statement to its end; its rows go to `rows` where that is not null.
  Status step(const Statement& statement, std::vector<Row>* rows);
  tl::unexpected<Error> last_error(std::string_view sql) const;

  std::unique_ptr<sqlite3, CloseHandle> handle_;
  SqliteAccess access_;
  StatementMap<Statement> statements_;  // destroyed before handle_
};

}  // namespace slipway
