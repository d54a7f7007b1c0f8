// One session with a PostgreSQL server, over libpq. Used by one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/driver.h"
#include "storage/postgres_values.h"
#include "storage/statement_map.h"

struct pg_conn;
struct pg_result;

namespace slipway {

class PostgresConnection final : public Connection {
 public:
  static Result<std::unique_ptr<PostgresConnection>> open(const std::string& uri);
  ~PostgresConnection() override;

  Status begin(TransactionMode mode) override;
  Status commit() override;
  void rollback() noexcept override;

  // Of no more use: the server is gone, or its prepared statements are.
  bool is_broken() const noexcept;
  // The last begin() was ok.
  bool has_begun() const noexcept { return has_begun_; }

 protected:
  Result<std::vector<Row>> run_query(std::string_view sql, const SqlArguments& arguments) override;
  Result<std::int64_t> run_execute(std::string_view sql, const SqlArguments& arguments) override;
  Status run_batch(std::string_view sql, std::span<const SqlArguments> rows) override;
  Status run_statements(const std::string& sql) override;

 private:
  struct Finish {
    void operator()(pg_conn* handle) const noexcept;
  };
  struct Clear {
    void operator()(pg_result* result) const noexcept;
  };
  using ResultHandle = std::unique_ptr<pg_result, Clear>;
  struct Statement {
    std::string name;
    std::vector<PostgresType> types;
  };

  explicit PostgresConnection(std::unique_ptr<pg_conn, Finish> handle) : handle_(std::move(handle)) {}
  Result<const Statement*> prepare(std::string_view sql);
  Result<ResultHandle> run(std::string_view sql, const SqlArguments& arguments);
  // Sends `rows` without waiting for an answer, then reads all answers.
  Status run_pipelined(const Statement& statement, std::span<const SqlArguments> rows);
  Status read_pipelined();
  Status check(const pg_result* result, std::string_view sql);
  tl::unexpected<Error> lost_connection() const;

  std::unique_ptr<pg_conn, Finish> handle_;
  StatementMap<Statement> statements_;
  std::size_t statements_made_ = 0;
  bool has_begun_ = false;
  bool is_stale_ = false;
};

}  // namespace slipway
