#include "storage/sqlite_connection.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fcntl.h>
#include <limits>
#include <sqlite3.h>
#include <thread>

#include "storage/posix_file.h"
#include "storage/sqlite_error.h"

namespace slipway {
namespace {

constexpr int kBusyTimeoutMs = 10'000;
constexpr std::size_t kStatementsMax = 256;
// A checkpoint runs inside a commit: rarely, since each syncs two files whatever it copies.
constexpr std::string_view kWriterPragmas = "PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -32768";
// A reader's cache is of no use once another connection has written.
constexpr std::string_view kReaderPragmas = "PRAGMA query_only = ON; PRAGMA cache_size = -4096";

// "$12" -> 12; 0 for every other spelling of a parameter.
std::size_t argument_number(const char* name) {
  if (name == nullptr || name[0] != '$') return 0;
  const std::string_view digits(name + 1);
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc{} && end == digits.data() + digits.size() ? number : 0;
}

int bind_value(sqlite3_stmt* statement, int index, const SqlValue& value) {
  if (std::holds_alternative<SqlNull>(value)) return sqlite3_bind_null(statement, index);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return sqlite3_bind_int64(statement, index, *integer);
  if (const auto* real = std::get_if<double>(&value)) {
    // SQLite turns NaN into NULL. As text it stays apart, equals itself and sorts after all numbers, as in PostgreSQL.
    if (std::isnan(*real)) return sqlite3_bind_text(statement, index, "NaN", 3, SQLITE_STATIC);
    return sqlite3_bind_double(statement, index, *real);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  const auto& blob = std::get<SqlBlob>(value);
  if (blob.empty()) return sqlite3_bind_zeroblob(statement, index, 0);  // a null pointer would bind NULL
  return sqlite3_bind_blob64(statement, index, blob.data(), blob.size(), SQLITE_STATIC);
}

SqlValue column_value(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
    case SQLITE_BLOB: {
      const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
      return SqlBlob(data, data + sqlite3_column_bytes(statement, column));
    }
    default:
      return SqlNull{};
  }
}

// SQLite would give a new file the mode that the umask leaves; its log and shared memory take the mode of the file. One
// that exists keeps its own, and is not opened here: closing it would drop the locks this process holds on it.
void create_private(const std::string& filename) {
  const FileDescriptor file(::open(filename.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

tl::unexpected<Error> defect(std::string message) { return fail(Code::kInternal, "sql.error", std::move(message)); }

}  // namespace

void SqliteConnection::CloseHandle::operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
void SqliteConnection::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
SqliteConnection::~SqliteConnection() = default;

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& filename, SqliteAccess access) {
  // Before the first connection: without counts of bytes, and with them a mutex, at each allocation.
  static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(configured);
  const bool is_file = !filename.starts_with("file:");
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (access == SqliteAccess::kReadWrite) flags |= SQLITE_OPEN_CREATE;
  if (!is_file) flags |= SQLITE_OPEN_URI;
  if (is_file && access == SqliteAccess::kReadWrite) create_private(filename);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(filename.c_str(), &raw, flags, nullptr);
  std::unique_ptr<sqlite3, CloseHandle> handle(raw);
  if (code != SQLITE_OK) {
    return fail(sqlite_error(code, "cannot open the database '" + filename + "': " + sqlite3_errstr(code), false));
  }
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(std::move(handle), access));
  if (Status status = connection->configure(is_file); !status) {
    Error error = status.error();
    error.message.insert(0, "cannot open the database '" + filename + "': ");
    return fail(std::move(error));
  }
  return connection;
}

Status SqliteConnection::configure(bool is_file) {
  sqlite3* handle = handle_.get();
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // PostgreSQL reads "x" as a name only.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  SLIPWAY_CHECK(
      run_statements("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
                     "PRAGMA case_sensitive_like = ON; PRAGMA temp_store = MEMORY"));
  if (access_ == SqliteAccess::kReadOnly) return run_statements(std::string(kReaderPragmas));
  SLIPWAY_CHECK(run_statements(std::string(kWriterPragmas)));
  if (!is_file) return {};
  return use_write_ahead_log();
}

Status SqliteConnection::use_write_ahead_log() {
  // The change of mode does not wait for other processes that make it too: SQLite's busy timeout does not apply to it.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kBusyTimeoutMs);
  for (;;) {
    auto rows = run_query("PRAGMA journal_mode = WAL", {});
    if (rows && rows->size() == 1 && rows->front().text(0) == "wal") return {};
    if (rows) {
      return fail(Code::kUnavailable, "sql.unavailable", "its file system cannot hold a write-ahead log");
    }
    if (rows.error().code != Code::kAborted || std::chrono::steady_clock::now() > deadline) return fail(rows.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

Status SqliteConnection::begin(TransactionMode mode) {
  forget_failure();
  // IMMEDIATE: two writers in two processes wait for each other here, rather than fail when they first write.
  return run_prepared(mode == TransactionMode::kRead ? "BEGIN" : "BEGIN IMMEDIATE");
}

Status SqliteConnection::commit() { return run_prepared("COMMIT"); }

void SqliteConnection::rollback() noexcept {
  if (is_in_transaction()) sqlite3_exec(handle_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Status SqliteConnection::save() {
  begin_part();
  return run_prepared("SAVEPOINT part");
}

Status SqliteConnection::keep_since_save() { return run_prepared("RELEASE part"); }

void SqliteConnection::rollback_to_save() noexcept {
  if (!is_in_transaction()) return;
  sqlite3_exec(handle_.get(), "ROLLBACK TO part; RELEASE part", nullptr, nullptr, nullptr);
}

bool SqliteConnection::is_in_transaction() const noexcept { return sqlite3_get_autocommit(handle_.get()) == 0; }

std::int64_t SqliteConnection::changes() const noexcept { return sqlite3_total_changes64(handle_.get()); }

Result<std::vector<Row>> SqliteConnection::run_query(std::string_view sql, const SqlArguments& arguments) {
  SLIPWAY_TRY(const Statement* statement, prepare(sql));
  SLIPWAY_CHECK(bind(*statement, arguments));
  std::vector<Row> rows;
  SLIPWAY_CHECK(step(*statement, &rows));
  return rows;
}

Result<std::int64_t> SqliteConnection::run_execute(std::string_view sql, const SqlArguments& arguments) {
  SLIPWAY_TRY(const Statement* statement, prepare(sql));
  SLIPWAY_CHECK(bind(*statement, arguments));
  const sqlite3_int64 changes_before = sqlite3_total_changes64(handle_.get());
  SLIPWAY_CHECK(step(*statement, nullptr));
  // A statement that changes nothing leaves sqlite3_changes64() at what the one before it changed.
  const bool has_changed = sqlite3_total_changes64(handle_.get()) != changes_before;
  return has_changed ? std::int64_t{sqlite3_changes64(handle_.get())} : 0;
}

Status SqliteConnection::run_batch(std::string_view sql, std::span<const SqlArguments> rows) {
  SLIPWAY_TRY(const Statement* statement, prepare(sql));
  for (const SqlArguments& row : rows) {
    SLIPWAY_CHECK(bind(*statement, row));
    SLIPWAY_CHECK(step(*statement, nullptr));
  }
  return {};
}

Status SqliteConnection::run_statements(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return last_error({});
}

Status SqliteConnection::run_prepared(std::string_view sql) {
  SLIPWAY_TRY(const Statement* statement, prepare(sql));
  return step(*statement, nullptr);
}

Result<SqliteConnection::Statement*> SqliteConnection::prepare(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end()) return &found->second;
  std::string text(sql);
  if (sql.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) return defect("a statement over 2 GiB");
  if (statements_.size() == kStatementsMax) statements_.clear();

  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), text.data(), static_cast<int>(text.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, &rest);
  Statement statement;
  statement.handle.reset(raw);
  if (code != SQLITE_OK) return last_error(sql);
  const std::string_view after(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  if (raw == nullptr || after.find_first_not_of("; \t\r\n") != std::string_view::npos) {
    return defect("expected exactly one statement: " + text);
  }
  for (int i = 1; i <= sqlite3_bind_parameter_count(raw); ++i) {
    const std::size_t number = argument_number(sqlite3_bind_parameter_name(raw, i));
    if (number == 0) return defect("parameters are written $1 to $n: " + text);
    statement.argument_of.push_back(number - 1);
    statement.arguments = std::max(statement.arguments, number);
  }
  return &statements_.emplace(std::move(text), std::move(statement)).first->second;
}

Status SqliteConnection::bind(const Statement& statement, const SqlArguments& arguments) {
  sqlite3_stmt* handle = statement.handle.get();
  if (arguments.size() != statement.arguments) {
    return defect("the statement takes " + std::to_string(statement.arguments) + " arguments, " +
                  std::to_string(arguments.size()) + " were given: " + sqlite3_sql(handle));
  }
  for (std::size_t i = 0; i < statement.argument_of.size(); ++i) {
    const int code = bind_value(handle, static_cast<int>(i) + 1, arguments[statement.argument_of[i]]);
    if (code != SQLITE_OK) return last_error(sqlite3_sql(handle));
  }
  return {};
}

Status SqliteConnection::step(const Statement& statement, std::vector<Row>* rows) {
  sqlite3_stmt* handle = statement.handle.get();
  const int columns = sqlite3_column_count(handle);
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(handle)) == SQLITE_ROW) {
    if (rows == nullptr) continue;
    std::vector<SqlValue> values;
    values.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) values.push_back(column_value(handle, column));
    rows->emplace_back(std::move(values));
  }
  Status status;
  if (code != SQLITE_DONE) status = last_error(sqlite3_sql(handle));
  sqlite3_reset(handle);
  sqlite3_clear_bindings(handle);  // they point into the caller's arguments
  return status;
}

tl::unexpected<Error> SqliteConnection::last_error(std::string_view sql) const {
  Error error = sqlite_error(sqlite3_extended_errcode(handle_.get()), sqlite3_errmsg(handle_.get()),
                             access_ == SqliteAccess::kReadOnly);
  if (error.code == Code::kInternal && !sql.empty()) error.message.append(" in: ").append(sql);
  return fail(std::move(error));
}

}  // namespace slipway
