#include "storage/testing/database_test_case.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <libpq-fe.h>
#include <stdexcept>
#include <string_view>
#include <unistd.h>

#include "storage/driver.h"
#include "storage/migrations.h"

namespace slipway {
namespace {

constexpr const char* kServerVariable = "SLIPWAY_TEST_POSTGRES";

// "postgresql://host/name?x=y" with another name.
std::string with_database(std::string_view uri, const std::string& name) {
  const std::size_t authority = uri.find("://") + 3;
  const std::size_t path = std::min(uri.find_first_of("/?", authority), uri.size());
  const std::size_t query = std::min(uri.find('?', path), uri.size());
  return std::string(uri.substr(0, path)) + "/" + name + std::string(uri.substr(query));
}

// "" when it went well.
std::string run_on_server(const std::string& uri, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(uri.c_str()), PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) return PQerrorMessage(connection.get());
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), PQclear);
  return PQresultErrorMessage(result.get());
}

// What the migrations put into their tables stands in the schema `seed` while a test runs.
constexpr const char* kKeepSeeds = R"(
DROP SCHEMA IF EXISTS seed CASCADE; CREATE SCHEMA seed;
DO $$ DECLARE t text; has_rows boolean; BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', t) INTO has_rows;
    IF has_rows THEN EXECUTE format('CREATE TABLE seed.%I AS TABLE public.%I', t, t); END IF;
  END LOOP;
END $$)";
// As the migrations left them. Triggers and foreign keys rest: the rules of the registry let nobody delete.
constexpr const char* kEmptyTables = R"(
DO $$ DECLARE t text; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('DELETE FROM public.%I', t);
  END LOOP;
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'seed' LOOP
    EXECUTE format('INSERT INTO public.%I SELECT * FROM seed.%I', t, t);
  END LOOP;
END $$)";

// One database for all tests of this process, as making one takes half a second; each test empties it. Its tables stay
// for the next test, as making them takes longer than most tests, unless a test may have changed them.
class ServerDatabase {
 public:
  explicit ServerDatabase(std::string server)
      : server_(std::move(server)), name_("slipway_test_" + std::to_string(::getpid())) {
    error_ = run_on_server(server_, "CREATE DATABASE " + name_ + " TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
  }
  ~ServerDatabase() { run_on_server(server_, "DROP DATABASE IF EXISTS " + name_ + " WITH (FORCE)"); }
  ServerDatabase(const ServerDatabase&) = delete;
  ServerDatabase& operator=(const ServerDatabase&) = delete;

  std::string uri() const { return with_database(server_, name_); }
  // What went wrong, or "".
  std::string clear() {
    if (!error_.empty()) return error_;
    if (tables_ == Tables::kOurs && run_on_server(uri(), kEmptyTables).empty()) return "";
    tables_ = Tables::kNone;
    return run_on_server(uri(), "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  }
  // The program's migrations, and nothing else, have been applied.
  void note_migrated() {
    if (tables_ == Tables::kNone && run_on_server(uri(), kKeepSeeds).empty()) tables_ = Tables::kOurs;
  }
  void note_changed() { tables_ = Tables::kUnknown; }

 private:
  enum class Tables { kUnknown, kNone, kOurs } tables_ = Tables::kUnknown;
  std::string server_;
  std::string name_;
  std::string error_;
};

ServerDatabase& server_database() {
  static ServerDatabase database{std::getenv(kServerVariable)};
  return database;
}

}  // namespace

std::string run_on_test_server(const std::string& sql) { return run_on_server(std::getenv(kServerVariable), sql); }

void DatabaseTestCase::SetUp() {
  if (GetParam() == DatabaseKind::kSqliteMemory) {
    uri_ = "sqlite::memory:";
  } else if (GetParam() == DatabaseKind::kSqliteFile) {
    std::string pattern = testing::TempDir() + "slipway_test_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    uri_ = "sqlite:" + directory_ + "/test.db";
  } else if (std::getenv(kServerVariable) != nullptr) {
    ASSERT_EQ(server_database().clear(), "");
    uri_ = server_database().uri();
  } else {
    const char* ci = std::getenv("CI");
    if (ci != nullptr && std::string_view(ci) == "true") FAIL() << kServerVariable << " must name a server in CI";
    GTEST_SKIP() << "PostgreSQL is not tested: " << kServerVariable << " is not set";
  }
}

void DatabaseTestCase::TearDown() {
  if (!directory_.empty()) std::filesystem::remove_all(directory_);
}

const std::string& DatabaseTestCase::uri() const {
  if (GetParam() == DatabaseKind::kPostgresql) server_database().note_changed();
  return uri_;
}

std::unique_ptr<Database> DatabaseTestCase::open() const {
  auto database = open_database(uri_);
  if (!database) throw std::runtime_error(database.error().message);
  if (GetParam() == DatabaseKind::kPostgresql) server_database().note_migrated();
  return std::move(*database);
}

std::unique_ptr<Database> DatabaseTestCase::open_with(std::string_view script) const {
  const Migration migration{1, "test", script};
  auto driver = open_driver(uri());
  if (!driver) throw std::runtime_error(driver.error().message);
  const Status status = migrate(**driver, std::span(&migration, 1));
  if (!status) throw std::runtime_error(status.error().message);
  return std::move(*driver);
}

std::string database_name(const testing::TestParamInfo<DatabaseKind>& info) {
  switch (info.param) {
    case DatabaseKind::kSqliteFile:
      return "SqliteFile";
    case DatabaseKind::kSqliteMemory:
      return "SqliteMemory";
    case DatabaseKind::kPostgresql:
      return "Postgresql";
  }
  return {};
}

}  // namespace slipway
