#include "storage/postgres_connection.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <libpq-fe.h>

#include "storage/postgres_error.h"

namespace slipway {
namespace {

constexpr std::size_t kStatementsMax = 256;
constexpr std::size_t kPipelineRowsMax = 1'000;  // bounds the answers that wait in memory

// Limits and durability that we need, where the URI, the role or the server has not set its own.
constexpr const char* kSessionSettings =
    "SELECT set_config('statement_timeout', '30s', false) WHERE current_setting('statement_timeout') = '0';"
    "SELECT set_config('idle_in_transaction_session_timeout', '60s', false)"
    " WHERE current_setting('idle_in_transaction_session_timeout') = '0';"
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

// READ COMMITTED: each statement sees what was committed before it, also by the process whose lock we waited for. The
// key of the lock is "slipway" in ASCII.
constexpr const char* kBeginSchema =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0;"
    "SELECT pg_advisory_xact_lock(x'736c6970776179'::bigint)";

const char* begin_statement(TransactionMode mode) {
  switch (mode) {
    case TransactionMode::kRead:
      return "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    case TransactionMode::kWrite:
      return "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";
    case TransactionMode::kSchema:
      return kBeginSchema;
  }
  return nullptr;
}

std::string without_line_end(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string_view field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view{} : text;
}

bool is_failure(ExecStatusType status) {
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_PIPELINE_ABORTED;
}

bool is_change(std::string_view command) {
  constexpr std::array<std::string_view, 3> kChanges = {"INSERT", "UPDATE", "DELETE"};
  return std::ranges::any_of(kChanges, [&](std::string_view word) { return command.starts_with(word); });
}

}  // namespace

void PostgresConnection::Finish::operator()(pg_conn* handle) const noexcept { PQfinish(handle); }
void PostgresConnection::Clear::operator()(pg_result* result) const noexcept { PQclear(result); }
PostgresConnection::~PostgresConnection() = default;

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const std::string& uri) {
  // A keyword overrides the ones before it: the URI may set its own time limit, never another encoding.
  const std::array<const char*, 5> keywords = {"connect_timeout", "application_name", "dbname", "client_encoding",
                                               nullptr};
  const std::array<const char*, 5> values = {"10", "slipway", uri.c_str(), "UTF8", nullptr};
  std::unique_ptr<pg_conn, Finish> handle(PQconnectdbParams(keywords.data(), values.data(), 1));
  if (PQstatus(handle.get()) != CONNECTION_OK) {
    return fail(Code::kUnavailable, "sql.unavailable",
                "cannot connect to PostgreSQL: " + without_line_end(PQerrorMessage(handle.get())));
  }
  PQsetNoticeProcessor(
      handle.get(), [](void*, const char*) {}, nullptr);  // by default they go to stderr
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(std::move(handle)));
  SLIPWAY_CHECK(connection->run_statements(kSessionSettings));
  return connection;
}

bool PostgresConnection::is_broken() const noexcept {
  return is_stale_ || PQstatus(handle_.get()) != CONNECTION_OK || PQpipelineStatus(handle_.get()) != PQ_PIPELINE_OFF ||
         PQtransactionStatus(handle_.get()) != PQTRANS_IDLE;
}

Status PostgresConnection::begin(TransactionMode mode) {
  forget_failure();
  Status status = run_statements(begin_statement(mode));
  has_begun_ = status.has_value();
  return status;
}

Status PostgresConnection::commit() {
  const ResultHandle result(PQexec(handle_.get(), "COMMIT"));
  if (PQstatus(handle_.get()) != CONNECTION_OK) {
    return fail(Code::kUnavailable, "sql.unavailable",
                "the connection to PostgreSQL was lost while it committed; whether it did is unknown");
  }
  SLIPWAY_CHECK(check(result.get(), "COMMIT"));
  if (std::string_view(PQcmdStatus(result.get())) != "COMMIT") {
    return fail(Code::kInternal, "sql.error", "PostgreSQL rolled back a transaction that did not fail");
  }
  return {};
}

void PostgresConnection::rollback() noexcept {
  if (PQtransactionStatus(handle_.get()) != PQTRANS_IDLE) PQclear(PQexec(handle_.get(), "ROLLBACK"));
}

Result<std::vector<Row>> PostgresConnection::run_query(std::string_view sql, const SqlArguments& arguments) {
  SLIPWAY_TRY(const ResultHandle result, run(sql, arguments));
  const int columns = PQnfields(result.get());
  std::vector<Row> rows;
  rows.reserve(static_cast<std::size_t>(PQntuples(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    std::vector<SqlValue> values(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result.get(), row, column) != 0) continue;
      const std::string_view bytes(PQgetvalue(result.get(), row, column),
                                   static_cast<std::size_t>(PQgetlength(result.get(), row, column)));
      SLIPWAY_TRY(values[static_cast<std::size_t>(column)], decode_postgres(PQftype(result.get(), column), bytes));
    }
    rows.emplace_back(std::move(values));
  }
  return rows;
}

Result<std::int64_t> PostgresConnection::run_execute(std::string_view sql, const SqlArguments& arguments) {
  SLIPWAY_TRY(const ResultHandle result, run(sql, arguments));
  if (!is_change(PQcmdStatus(result.get()))) return 0;
  const std::string_view digits = PQcmdTuples(result.get());
  std::int64_t changed = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), changed);
  return changed;
}

Status PostgresConnection::run_batch(std::string_view sql, std::span<const SqlArguments> rows) {
  SLIPWAY_TRY(const Statement* statement, prepare(sql));
  while (!rows.empty()) {
    const auto window = rows.first(std::min(rows.size(), kPipelineRowsMax));
    SLIPWAY_CHECK(run_pipelined(*statement, window));
    rows = rows.subspan(window.size());
  }
  return {};
}

Status PostgresConnection::run_pipelined(const Statement& statement, std::span<const SqlArguments> rows) {
  pg_conn* handle = handle_.get();
  if (PQenterPipelineMode(handle) == 0) return lost_connection();
  Status status;
  for (const SqlArguments& row : rows) {
    const auto arguments = PostgresArguments::encode(row, statement.types);
    if (!arguments) {
      status = fail(arguments.error());
      break;
    }
    if (PQsendQueryPrepared(handle, statement.name.c_str(), arguments->size(), arguments->values(),
                            arguments->lengths(), arguments->formats(), 1) == 0) {
      status = lost_connection();
      break;
    }
  }
  if (PQpipelineSync(handle) == 0) return lost_connection();
  const Status answers = read_pipelined();
  PQexitPipelineMode(handle);
  return status ? answers : status;
}

Status PostgresConnection::read_pipelined() {
  Status first;
  bool was_null = false;  // a null ends the answers to one statement; a second in a row, all of them
  for (;;) {
    const ResultHandle result(PQgetResult(handle_.get()));
    if (!result && was_null) return first ? Status(lost_connection()) : first;
    was_null = result == nullptr;
    if (!result) continue;
    ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_PIPELINE_SYNC) return first;
    if (status != PGRES_PIPELINE_ABORTED && first) first = check(result.get(), {});
  }
}

Status PostgresConnection::run_statements(const std::string& sql) {
  const ResultHandle result(PQexec(handle_.get(), sql.c_str()));
  return check(result.get(), {});
}

Result<PostgresConnection::ResultHandle> PostgresConnection::run(std::string_view sql, const SqlArguments& arguments) {
  SLIPWAY_TRY(const Statement* statement, prepare(sql));
  SLIPWAY_TRY(const PostgresArguments encoded, PostgresArguments::encode(arguments, statement->types));
  ResultHandle result(PQexecPrepared(handle_.get(), statement->name.c_str(), encoded.size(), encoded.values(),
                                     encoded.lengths(), encoded.formats(), 1));
  SLIPWAY_CHECK(check(result.get(), sql));
  return result;
}

Result<const PostgresConnection::Statement*> PostgresConnection::prepare(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return &found->second;
  std::string text(sql);
  if (statements_.size() == kStatementsMax) {
    SLIPWAY_CHECK(run_statements("DEALLOCATE ALL"));
    statements_.clear();
  }
  Statement statement{"slipway_" + std::to_string(statements_made_++), {}};
  const ResultHandle prepared(PQprepare(handle_.get(), statement.name.c_str(), text.c_str(), 0, nullptr));
  SLIPWAY_CHECK(check(prepared.get(), sql));
  const ResultHandle described(PQdescribePrepared(handle_.get(), statement.name.c_str()));
  SLIPWAY_CHECK(check(described.get(), sql));
  for (int i = 0; i < PQnparams(described.get()); ++i) statement.types.push_back(PQparamtype(described.get(), i));
  return &statements_.emplace(std::move(text), std::move(statement)).first->second;
}

Status PostgresConnection::check(const pg_result* result, std::string_view sql) {
  if (result == nullptr) return lost_connection();
  if (!is_failure(PQresultStatus(result))) return {};
  const std::string_view state = field(result, PG_DIAG_SQLSTATE);
  std::string message(field(result, PG_DIAG_MESSAGE_PRIMARY));
  if (message.empty()) message = without_line_end(PQresultErrorMessage(result));
  // Another process changed the schema: our prepared statements are to be made again, on a new connection.
  if (field(result, PG_DIAG_SOURCE_FUNCTION) == "RevalidateCachedQuery") {
    is_stale_ = true;
    return fail(Code::kAborted, "sql.conflict", std::move(message));
  }
  Error error = postgres_error(state, std::move(message));
  if (error.code == Code::kInternal && !sql.empty()) error.message.append(" in: ").append(sql);
  return fail(std::move(error));
}

tl::unexpected<Error> PostgresConnection::lost_connection() const {
  return fail(Code::kUnavailable, "sql.unavailable",
              "the connection to PostgreSQL was lost: " + without_line_end(PQerrorMessage(handle_.get())));
}

}  // namespace slipway
