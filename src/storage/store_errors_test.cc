// What every database refuses, and that nothing of a transaction that failed is kept.
#include <gmock/gmock.h>
#include <stdexcept>

#include "storage/testing/database_test_case.h"

namespace slipway {
namespace {

using testing::HasSubstr;

class StoreErrorsTest : public DatabaseTestCase {
 protected:
  static constexpr std::string_view kTables =
      "CREATE TABLE models (name TEXT PRIMARY KEY, state TEXT NOT NULL, code BIGINT UNIQUE,\n"
      "  CONSTRAINT models_state CHECK (state IN ('draft', 'approved')));\n"
      "CREATE TABLE versions (model TEXT NOT NULL REFERENCES models (name));\n"
      "-- only: sqlite\n"
      "CREATE TRIGGER models_kept BEFORE DELETE ON models WHEN OLD.state = 'approved' BEGIN\n"
      "  SELECT RAISE(ABORT, 'an approved model is kept');\n"
      "END;\n"
      "-- end\n"
      "-- only: postgresql\n"
      "CREATE FUNCTION models_kept() RETURNS trigger LANGUAGE plpgsql AS $$\n"
      "BEGIN RAISE EXCEPTION 'an approved model is kept'; END $$;\n"
      "CREATE TRIGGER models_kept BEFORE DELETE ON models FOR EACH ROW WHEN (OLD.state = 'approved')\n"
      "  EXECUTE FUNCTION models_kept();\n"
      "-- end\n"
      "INSERT INTO models (name, state, code) VALUES ('fraud', 'approved', 1);\n";

  static Error failure_of(Database& database, std::string_view sql, const SqlArguments& arguments = {}) {
    const Status status = database.write([&](Transaction& transaction) -> Status {
      SLIPWAY_CHECK(transaction.execute(sql, arguments));
      return {};
    });
    EXPECT_FALSE(status) << sql;
    return status ? Error{} : status.error();
  }

  static std::int64_t models(Database& database) {
    std::int64_t count = -1;
    const Status status = database.read([&](Transaction& transaction) -> Status {
      SLIPWAY_TRY(const auto rows, transaction.query("SELECT count(*) FROM models"));
      count = rows.at(0).integer(0);
      return {};
    });
    EXPECT_TRUE(status) << status.error().message;
    return count;
  }

  static Status insert(Transaction& transaction, const std::string& name) {
    SLIPWAY_CHECK(transaction.execute("INSERT INTO models (name, state) VALUES ($1, 'draft')", {name}));
    return {};
  }
};

TEST_P(StoreErrorsTest, MapsUniqueAndPrimaryKey) {
  const auto database = open_with(kTables);
  for (const std::string_view sql : {"INSERT INTO models (name, state) VALUES ('fraud', 'draft')",
                                     "INSERT INTO models (name, state, code) VALUES ('other', 'draft', 1)"}) {
    const Error error = failure_of(*database, sql);
    EXPECT_EQ(error.code, Code::kAlreadyExists) << error.message;
    EXPECT_EQ(error.reason, "sql.unique");
    EXPECT_THAT(error.message, HasSubstr("models"));
  }
}

TEST_P(StoreErrorsTest, MapsCheckForeignKeyAndNotNull) {
  const auto database = open_with(kTables);
  for (const std::string_view sql :
       {"INSERT INTO models (name, state) VALUES ('x', 'shipped')", "INSERT INTO versions (model) VALUES ('absent')",
        "INSERT INTO models (name) VALUES ('x')"}) {
    const Error error = failure_of(*database, sql);
    EXPECT_EQ(error.code, Code::kFailedPrecondition) << error.message;
    EXPECT_EQ(error.reason, "sql.constraint");
  }
  EXPECT_THAT(failure_of(*database, "UPDATE models SET state = 'shipped'").message, HasSubstr("models_state"));
}

TEST_P(StoreErrorsTest, GivesTheMessageOfATrigger) {
  const auto database = open_with(kTables);
  const Error error = failure_of(*database, "DELETE FROM models WHERE name = $1", {std::string("fraud")});
  EXPECT_EQ(error.code, Code::kFailedPrecondition);
  EXPECT_EQ(error.reason, "sql.constraint");
  EXPECT_EQ(error.message, "an approved model is kept");
}

TEST_P(StoreErrorsTest, CallsADefectOfOursInternal) {
  const auto database = open_with(kTables);
  for (const std::string_view sql : {"SELEC 1", "INSERT INTO absent VALUES (1)", "UPDATE models SET state = \"draft\"",
                                     "DELETE FROM versions; DELETE FROM versions"}) {
    const Error error = failure_of(*database, sql);
    EXPECT_EQ(error.code, Code::kInternal) << sql;
    EXPECT_EQ(error.reason, "sql.error");
    EXPECT_THAT(error.message, HasSubstr(std::string(sql)));
  }
  const Error missing = failure_of(*database, "DELETE FROM models WHERE name = $1 AND state = $2", {std::string("x")});
  EXPECT_EQ(missing.code, Code::kInternal);
  EXPECT_THAT(missing.message, HasSubstr("2 arguments"));
}

TEST_P(StoreErrorsTest, KeepsNothingWhenTheBodyFails) {
  const auto database = open_with(kTables);
  const Status status = database->write([](Transaction& transaction) -> Status {
    SLIPWAY_CHECK(insert(transaction, "a"));
    return fail(Code::kPermissionDenied, "test.refused", "no");
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "test.refused");
  EXPECT_EQ(models(*database), 1);
}

TEST_P(StoreErrorsTest, KeepsNothingWhenTheBodyThrows) {
  const auto database = open_with(kTables);
  const Status status = database->write([](Transaction& transaction) -> Status {
    SLIPWAY_CHECK(insert(transaction, "a"));
    throw std::runtime_error("out of luck");
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kInternal);
  EXPECT_THAT(status.error().message, HasSubstr("out of luck"));
  EXPECT_FALSE(database->write([](Transaction&) -> Status { throw 7; }));
  EXPECT_EQ(models(*database), 1);
  EXPECT_TRUE(database->write([](Transaction& transaction) { return insert(transaction, "b"); }));
  EXPECT_EQ(models(*database), 2);
}

TEST_P(StoreErrorsTest, AStatementThatFailedFailsTheTransactionThoughTheBodyGoesOn) {
  const auto database = open_with(kTables);
  const Status status = database->write([](Transaction& transaction) -> Status {
    SLIPWAY_CHECK(insert(transaction, "a"));
    EXPECT_FALSE(insert(transaction, "fraud"));
    const Status after = insert(transaction, "b");
    EXPECT_FALSE(after);
    EXPECT_EQ(after.error().reason, "sql.unique");
    return {};
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "sql.unique");
  EXPECT_EQ(models(*database), 1);
}

TEST_P(StoreErrorsTest, KeepsNothingOfABatchWithOneBadRow) {
  const auto database = open_with(kTables);
  std::vector<SqlArguments> rows;
  for (int i = 0; i < 2'500; ++i) rows.push_back({"model-" + std::to_string(i)});
  rows[1'700] = {std::string("fraud")};
  const Status status = database->write([&](Transaction& transaction) {
    return transaction.execute_batch("INSERT INTO models (name, state) VALUES ($1, 'draft')", rows);
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "sql.unique");
  EXPECT_EQ(models(*database), 1);
  rows[1'700] = {std::string("model-x")};
  EXPECT_TRUE(database->write([&](Transaction& transaction) {
    return transaction.execute_batch("INSERT INTO models (name, state) VALUES ($1, 'draft')", rows);
  }));
  EXPECT_EQ(models(*database), 2'501);
}

TEST_P(StoreErrorsTest, ReadRefusesToWrite) {
  const auto database = open_with(kTables);
  EXPECT_FALSE(database->read([](Transaction& transaction) { return insert(transaction, "a"); }));
  EXPECT_EQ(models(*database), 1);
}

INSTANTIATE_TEST_SUITE_P(Databases, StoreErrorsTest, every_database(), database_name);

TEST(OpenDatabase, RefusesAnAddressItDoesNotKnowWithoutShowingIt) {
  for (const std::string uri :
       {"", "sqlite:", "mysql://root:hunter2@host/x", "postgresql://u:hunter2/x@h/n", "postgresql://[hunter2/n"}) {
    const auto database = open_database(uri);
    ASSERT_FALSE(database) << uri;
    EXPECT_EQ(database.error().reason, "storage.uri") << database.error().message;
    EXPECT_THAT(database.error().message, Not(HasSubstr("hunter2")));
  }
}

TEST(OpenDatabase, IsUnavailableWhereTheDirectoryIsAbsent) {
  const auto database = open_database("sqlite:/nonexistent/directory/x.db");
  ASSERT_FALSE(database);
  EXPECT_EQ(database.error().code, Code::kUnavailable);
  EXPECT_THAT(database.error().message, HasSubstr("/nonexistent/directory/x.db"));
}

}  // namespace
}  // namespace slipway
