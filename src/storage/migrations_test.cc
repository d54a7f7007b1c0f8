#include "storage/migrations.h"

#include <gmock/gmock.h>
#include <thread>

#include "base/digest.h"
#include "storage/testing/database_test_case.h"

namespace slipway {
namespace {

using testing::HasSubstr;

constexpr Migration kFirst{1, "things", "CREATE TABLE things (name TEXT PRIMARY KEY, content {blob} NOT NULL);\n"};
constexpr Migration kSecond{2, "colour",
                            "ALTER TABLE things ADD COLUMN colour TEXT;\n"
                            "-- only: sqlite\n"
                            "CREATE TRIGGER things_keep BEFORE DELETE ON things BEGIN\n"
                            "  SELECT RAISE(ABORT, 'things are kept');\n"
                            "END;\n"
                            "-- end\n"
                            "-- only: postgresql\n"
                            "CREATE FUNCTION things_keep() RETURNS trigger LANGUAGE plpgsql AS $body$\n"
                            "BEGIN RAISE EXCEPTION 'things are kept'; END $body$;\n"
                            "CREATE TRIGGER things_keep BEFORE DELETE ON things\n"
                            "  FOR EACH ROW EXECUTE FUNCTION things_keep();\n"
                            "-- end\n"};

AppliedMigration applied(const Migration& migration) {
  return {migration.number, std::string(migration.name), sha256(migration.text).hex()};
}

TEST(MigrationText, KeepsTheSectionOfTheDialectAndReplacesTheTypeOfBytes) {
  const Migration migration{7, "x",
                            "a {blob}, {blob}\n-- only: sqlite\ns\n-- end\n-- only: postgresql\np {blob}\n-- end\nb"};
  EXPECT_EQ(dialect_text(migration, "sqlite").value(), "a BLOB, BLOB\ns\nb\n");
  EXPECT_EQ(dialect_text(migration, "postgresql").value(), "a BYTEA, BYTEA\np BYTEA\nb\n");
}

TEST(MigrationText, RefusesSectionsThatAreUnknownNestedOrNotClosed) {
  for (const std::string_view text : {"-- only: oracle\n-- end\n", "-- only: sqlite\n-- only: sqlite\n-- end\n",
                                      "-- only: sqlite\nx\n", "x\n-- end\n"}) {
    const auto result = dialect_text({7, "x", text}, "sqlite");
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().reason, "storage.migration");
    EXPECT_THAT(result.error().message, HasSubstr("migration 0007_x"));
  }
}

TEST(NextMigration, IsTheLowestThatIsMissing) {
  const Migration known[] = {kFirst, kSecond, {30, "later", "SELECT 1;"}};
  EXPECT_EQ(next_migration(known, {}).value(), &known[0]);
  EXPECT_EQ(next_migration(known, std::vector{applied(known[0]), applied(known[2])}).value(), &known[1]);
  EXPECT_EQ(next_migration(known, std::vector{applied(known[0]), applied(known[1]), applied(known[2])}).value(),
            nullptr);
}

TEST(EmbeddedMigrations, AscendAndHaveTextForBothDialects) {
  int previous = 0;
  for (const Migration& migration : embedded_migrations()) {
    EXPECT_GT(migration.number, previous);
    previous = migration.number;
    EXPECT_TRUE(dialect_text(migration, "sqlite"));
    EXPECT_TRUE(dialect_text(migration, "postgresql"));
  }
}

class MigrateTest : public DatabaseTestCase {
 protected:
  std::unique_ptr<Driver> driver() const { return std::move(open_driver(uri()).value()); }
};

TEST_P(MigrateTest, AppliesEachOnceAndInOrder) {
  const auto database = driver();
  const Migration known[] = {kFirst, kSecond};
  ASSERT_TRUE(migrate(*database, std::span(known).first(1)));
  ASSERT_TRUE(migrate(*database, known));
  ASSERT_TRUE(migrate(*database, known));
  const Status status = database->write([](Transaction& transaction) -> Status {
    SLIPWAY_CHECK(transaction.execute("INSERT INTO things (name, content, colour) VALUES ($1, $2, $3)",
                                      {std::string("a"), SqlBlob{1}, std::string("red")}));
    SLIPWAY_TRY(const auto rows, transaction.query("SELECT number, name FROM schema_migrations ORDER BY number"));
    EXPECT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows.at(1).integer(0), 2);
    EXPECT_EQ(rows.at(1).text(1), "colour");
    return {};
  });
  EXPECT_TRUE(status) << status.error().message;
}

TEST_P(MigrateTest, TriggerOfADialectRefusesWithItsOwnMessage) {
  const auto database = driver();
  const Migration known[] = {kFirst, kSecond};
  ASSERT_TRUE(migrate(*database, known));
  const Status status = database->write([](Transaction& transaction) -> Status {
    SLIPWAY_CHECK(transaction.execute("INSERT INTO things (name, content) VALUES ('a', $1)", {SqlBlob{}}));
    SLIPWAY_CHECK(transaction.execute("DELETE FROM things"));
    return {};
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kFailedPrecondition);
  EXPECT_EQ(status.error().reason, "sql.constraint");
  EXPECT_EQ(status.error().message, "things are kept");
}

TEST_P(MigrateTest, RefusesADatabaseOfANewerProgram) {
  const auto database = driver();
  const Migration known[] = {kFirst, kSecond};
  ASSERT_TRUE(migrate(*database, known));
  const Status status = migrate(*database, std::span(known).first(1));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "storage.schema_newer");
  EXPECT_THAT(status.error().message, HasSubstr("0002_colour"));
}

TEST_P(MigrateTest, RefusesAMigrationThatWasChangedAfterItWasApplied) {
  const auto database = driver();
  ASSERT_TRUE(migrate(*database, std::span(&kFirst, 1)));
  Migration changed = kFirst;
  changed.text = "CREATE TABLE things (name TEXT);";
  const Status status = migrate(*database, std::span(&changed, 1));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason, "storage.schema_changed");
}

TEST_P(MigrateTest, LeavesNothingOfAMigrationThatFails) {
  const auto database = driver();
  const Migration broken{1, "broken", "CREATE TABLE kept (x BIGINT); CREATE TABLE kept (x BIGINT);"};
  const Status status = migrate(*database, std::span(&broken, 1));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kInternal);
  EXPECT_THAT(status.error().message, HasSubstr("migration 0001_broken: "));
  const Migration repaired{1, "broken", "CREATE TABLE kept (x BIGINT);"};
  EXPECT_TRUE(migrate(*database, std::span(&repaired, 1)));
}

// Each thread is a program of its own: it opens the database anew.
TEST_P(MigrateTest, ProgramsThatStartTogetherApplyEachOnce) {
  if (GetParam() == DatabaseKind::kSqliteMemory) GTEST_SKIP() << "a database in memory has one program";
  const Migration known[] = {kFirst, kSecond, {3, "more", "CREATE TABLE more (x BIGINT PRIMARY KEY);"}};
  std::vector<Status> statuses(6);
  std::vector<std::thread> programs;
  for (Status& status : statuses) {
    programs.emplace_back([&] {
      auto opened = open_driver(uri());
      status = opened ? migrate(**opened, known) : Status(fail(opened.error()));
    });
  }
  for (std::thread& program : programs) program.join();
  for (const Status& status : statuses) EXPECT_TRUE(status) << status.error().message;
}

INSTANTIATE_TEST_SUITE_P(Databases, MigrateTest, every_database(), database_name);

}  // namespace
}  // namespace slipway
