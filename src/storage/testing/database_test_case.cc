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

// One database for all tests of this process, as making one takes half a second; each test empties it.
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
  std::string clear() const {
    return error_.empty() ? run_on_server(uri(), "DROP SCHEMA public CASCADE; CREATE SCHEMA public") : error_;
  }

 private:
  std::string server_;
  std::string name_;
  std::string error_;
};

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
  } else if (const char* server = std::getenv(kServerVariable); server != nullptr) {
    static const ServerDatabase database{server};
    ASSERT_EQ(database.clear(), "");
    uri_ = database.uri();
  } else {
    const char* ci = std::getenv("CI");
    if (ci != nullptr && std::string_view(ci) == "true") FAIL() << kServerVariable << " must name a server in CI";
    GTEST_SKIP() << "PostgreSQL is not tested: " << kServerVariable << " is not set";
  }
}

void DatabaseTestCase::TearDown() {
  if (!directory_.empty()) std::filesystem::remove_all(directory_);
}

std::unique_ptr<Database> DatabaseTestCase::open() const {
  auto database = open_database(uri_);
  if (!database) throw std::runtime_error(database.error().message);
  return std::move(*database);
}

std::unique_ptr<Database> DatabaseTestCase::open_with(std::string_view script) const {
  const Migration migration{1, "test", script};
  auto driver = open_driver(uri_);
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
