// What only PostgreSQL promises. The server: see storage/testing/database_test_case.h.
#include <gmock/gmock.h>
#include <thread>

#include "storage/driver.h"
#include "storage/testing/database_test_case.h"

namespace slipway {
namespace {

class PostgresTest : public DatabaseTestCase {
 protected:
  static constexpr std::string_view kTables = "CREATE TABLE kept (id BIGINT PRIMARY KEY);\n";

  static Status insert(Database& database, std::int64_t id) {
    return database.write([&](Transaction& transaction) -> Status {
      SLIPWAY_CHECK(transaction.execute("INSERT INTO kept (id) VALUES ($1)", {id}));
      return {};
    });
  }
  std::string name() const { return uri().substr(uri().rfind('/') + 1); }
  // As a restart of the server does: every session on this test's database ends.
  void end_sessions() const {
    ASSERT_EQ(run_on_test_server("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" +
                                 name() + "'"),
              "");
  }
};

TEST_P(PostgresTest, GoesOnAfterEverySessionWasEnded) {
  const auto database = open_with(kTables);
  std::vector<std::thread> threads;  // so that the pool holds several connections
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      EXPECT_TRUE(database->read([&](Transaction& transaction) -> Status {
        SLIPWAY_CHECK(transaction.query("SELECT pg_sleep(0.05)"));
        return {};
      })) << i;
    });
  }
  for (std::thread& thread : threads) thread.join();
  end_sessions();
  const Status status = insert(*database, 1);
  EXPECT_TRUE(status) << status.error().message;
}

TEST_P(PostgresTest, IsUnavailableWhenTheSessionEndsInsideATransactionAndGoesOnAfterIt) {
  const auto database = open_with(kTables);
  const Status status = database->write([&](Transaction& transaction) -> Status {
    SLIPWAY_CHECK(transaction.execute("INSERT INTO kept (id) VALUES (1)"));
    end_sessions();
    std::vector<SqlArguments> rows{{std::int64_t{2}}, {std::int64_t{3}}};
    return transaction.execute_batch("INSERT INTO kept (id) VALUES ($1)", rows);
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kUnavailable) << status.error().message;
  EXPECT_EQ(status.error().reason, "sql.unavailable");
  EXPECT_TRUE(insert(*database, 1));
}

TEST_P(PostgresTest, SaysThatTheOutcomeIsUnknownWhenTheSessionEndsBeforeTheCommit) {
  const auto database = open_with(kTables);
  const Status status = database->write([&](Transaction& transaction) -> Status {
    SLIPWAY_CHECK(transaction.execute("INSERT INTO kept (id) VALUES (1)"));
    end_sessions();
    return {};
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kUnavailable);
  EXPECT_THAT(status.error().message, testing::HasSubstr("unknown"));
}

TEST_P(PostgresTest, PreparesAgainWhenAnotherProgramChangedTheSchema) {
  const auto database = open_with(kTables);
  const auto columns = [&]() -> std::size_t {
    std::size_t found = 0;
    const Status status = database->write([&](Transaction& transaction) -> Status {
      SLIPWAY_TRY(const auto rows, transaction.query("SELECT * FROM kept"));
      found = rows.at(0).size();
      return {};
    });
    EXPECT_TRUE(status) << status.error().message;
    return found;
  };
  ASSERT_TRUE(insert(*database, 1));
  EXPECT_EQ(columns(), 1U);
  const auto other = std::move(open_driver(uri()).value());
  ASSERT_TRUE(other->change_schema(
      [](Connection& connection) { return connection.run_script("ALTER TABLE kept ADD COLUMN label TEXT"); }));
  EXPECT_EQ(columns(), 2U);
}

TEST_P(PostgresTest, EndsAStatementThatTakesLongerThanTheUriAllows) {
  const auto database = std::move(open_driver(uri() + "?options=-c%20statement_timeout%3D50ms").value());
  const Status status = database->read([](Transaction& transaction) -> Status {
    SLIPWAY_CHECK(transaction.query("SELECT pg_sleep(10)"));
    return {};
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kUnavailable);
  EXPECT_THAT(status.error().message, testing::HasSubstr("statement timeout"));
}

TEST_P(PostgresTest, NamesTheArgumentThatDoesNotFitItsType) {
  const auto database = open_with(kTables);
  const Status status = database->write([](Transaction& transaction) -> Status {
    SLIPWAY_CHECK(transaction.execute("INSERT INTO kept (id) VALUES ($1)", {std::string("one")}));
    return {};
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kInternal);
  EXPECT_THAT(status.error().message, testing::HasSubstr("argument $1 is text"));
}

INSTANTIATE_TEST_SUITE_P(Databases, PostgresTest, testing::Values(DatabaseKind::kPostgresql), database_name);

TEST(Postgres, IsUnavailableWhereNobodyListens) {
  const auto driver = open_driver("postgresql://someone@127.0.0.1:1/x?connect_timeout=2");
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().code, Code::kUnavailable);
  EXPECT_EQ(driver.error().reason, "sql.unavailable");
}

}  // namespace
}  // namespace slipway
