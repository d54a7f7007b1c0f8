// The base of tests that must hold on every database: each test gets an empty one of its own, gone after it.
//
// PostgreSQL is the server of the environment variable SLIPWAY_TEST_POSTGRES, a libpq URI of a role that may create
// databases. Without it those tests are skipped; where CI=true they fail.
//
//   class StoreTest : public DatabaseTestCase {};
//   TEST_P(StoreTest, KeepsWhatItWrote) { auto database = open(); … }
//   INSTANTIATE_TEST_SUITE_P(Databases, StoreTest, every_database(), database_name);
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>

#include "storage/sql.h"

namespace slipway {

enum class DatabaseKind { kSqliteFile, kSqliteMemory, kPostgresql };

class DatabaseTestCase : public testing::TestWithParam<DatabaseKind> {
 protected:
  void SetUp() override;
  void TearDown() override;
  const std::string& uri() const;
  // open_database(uri()), with all migrations; ends the test where that fails.
  std::unique_ptr<Database> open() const;
  // Without the program's migrations, and with the tables of `script`, written as a migration is.
  std::unique_ptr<Database> open_with(std::string_view script) const;

 private:
  std::string uri_;
  std::string directory_;  // of SQLite's file
};

inline auto every_database() {
  return testing::Values(DatabaseKind::kSqliteFile, DatabaseKind::kSqliteMemory, DatabaseKind::kPostgresql);
}
std::string database_name(const testing::TestParamInfo<DatabaseKind>& info);

// Runs one statement on the server of SLIPWAY_TEST_POSTGRES, outside of any transaction. The error's text, or "".
std::string run_on_test_server(const std::string& sql);

}  // namespace slipway
