#include "storage/testing/database_test_case.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <libpq-fe.h>
#include <stdexcept>
#include <string_view>
#include <unistd.h>

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

std::string fresh_name() {
  static int next = 0;
  return "slipway_test_" + std::to_string(::getpid()) + "_" + std::to_string(next++);
}

}  // namespace

std::string run_on_test_server(const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(std::getenv(kServerVariable)), PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) return PQerrorMessage(connection.get());
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), PQclear);
  return PQresultErrorMessage(result.get());
}

void DatabaseTestCase::SetUp() {
  if (GetParam() == DatabaseKind::kSqliteMemory) {
    uri_ = "sqlite::memory:";
  } else if (GetParam() == DatabaseKind::kSqliteFile) {
    std::string pattern = testing::TempDir() + "slipway_test_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    uri_ = "sqlite:" + directory_ + "/test.db";
  } else if (const char* server = std::getenv(kServerVariable); server != nullptr) {
    created_ = fresh_name();
    ASSERT_EQ(run_on_test_server("CREATE DATABASE " + created_), "");
    uri_ = with_database(server, created_);
  } else {
    const char* ci = std::getenv("CI");
    if (ci != nullptr && std::string_view(ci) == "true") FAIL() << kServerVariable << " must name a server in CI";
    GTEST_SKIP() << "PostgreSQL is not tested: " << kServerVariable << " is not set";
  }
}

void DatabaseTestCase::TearDown() {
  if (!directory_.empty()) std::filesystem::remove_all(directory_);
  if (created_.empty()) return;
  EXPECT_EQ(run_on_test_server("DROP DATABASE " + created_ + " WITH (FORCE)"), "");
}

std::unique_ptr<Database> DatabaseTestCase::open() const {
  auto database = open_database(uri_);
  if (!database) throw std::runtime_error(database.error().message);
  return std::move(*database);
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
