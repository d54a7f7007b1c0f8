// What only SQLite promises.
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storage/driver.h"

namespace slipway {
namespace {

class SqliteTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "slipway_sqlite_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::unique_ptr<Driver> open() const {
    auto driver = open_driver("sqlite:" + (directory_ / "test.db").string());
    EXPECT_TRUE(driver) << driver.error().message;
    return std::move(*driver);
  }
  static Status insert(Database& database, std::int64_t id) {
    return database.write([&](Transaction& transaction) -> Status {
      SLIPWAY_CHECK(transaction.execute("CREATE TABLE IF NOT EXISTS kept (id BIGINT PRIMARY KEY)"));
      SLIPWAY_CHECK(transaction.execute("INSERT INTO kept (id) VALUES ($1)", {id}));
      return {};
    });
  }
  static std::int64_t count(Database& database) {
    std::int64_t rows = -1;
    EXPECT_TRUE(database.read([&](Transaction& transaction) -> Status {
      SLIPWAY_TRY(const auto result, transaction.query("SELECT count(*) FROM kept"));
      rows = result.at(0).integer(0);
      return {};
    }));
    return rows;
  }

  std::filesystem::path directory_;
};

TEST_F(SqliteTest, KeepsWhatItAcknowledgedWhenItIsOpenedAgain) {
  ASSERT_TRUE(insert(*open(), 1));
  EXPECT_EQ(count(*open()), 1);
}

// The child ends without closing anything, as by kill -9; its pages are in the write-ahead log only.
TEST_F(SqliteTest, KeepsWhatAProcessThatDiedAcknowledged) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto driver = open_driver("sqlite:" + (directory_ / "test.db").string());
    const bool is_ok = driver && insert(**driver, 1) && insert(**driver, 2);
    ::_exit(is_ok ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(std::filesystem::exists(directory_ / "test.db-wal"));
  EXPECT_EQ(count(*open()), 2);
}

TEST_F(SqliteTest, SyncsEveryCommitOfAWriteAheadLogAndChecksForeignKeys) {
  const auto database = open();
  ASSERT_TRUE(database->write([](Transaction& transaction) -> Status {
    EXPECT_EQ(transaction.query("PRAGMA journal_mode").value().at(0).text(0), "wal");
    EXPECT_EQ(transaction.query("PRAGMA synchronous").value().at(0).integer(0), 2) << "2 is FULL";
    EXPECT_EQ(transaction.query("PRAGMA foreign_keys").value().at(0).integer(0), 1);
    return {};
  }));
}

TEST_F(SqliteTest, ItsFilesAreItsOwnersAlone) {
  const mode_t before = ::umask(0);
  const auto database = open();
  ASSERT_TRUE(insert(*database, 1));
  ::umask(before);
  for (const char* name : {"test.db", "test.db-wal", "test.db-shm"}) {
    struct stat status {};
    ASSERT_EQ(::stat((directory_ / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777, 0600U) << name;
  }
}

TEST_F(SqliteTest, WritersOfTwoProgramsWaitForEachOther) {
  const auto first = open();
  const auto second = open();
  ASSERT_TRUE(insert(*first, 1));
  ASSERT_TRUE(insert(*second, 2));
  ASSERT_TRUE(insert(*first, 3));
  EXPECT_EQ(count(*second), 3);
}

TEST_F(SqliteTest, RefusesAFileThatIsNoDatabase) {
  const auto path = directory_ / "test.db";
  ASSERT_EQ(::system(("head -c 8192 /dev/urandom > '" + path.string() + "'").c_str()), 0);
  const auto driver = open_driver("sqlite:" + path.string());
  ASSERT_FALSE(driver);
  EXPECT_EQ(driver.error().code, Code::kUnavailable);
  EXPECT_THAT(driver.error().message, testing::HasSubstr("not a database"));
}

TEST_F(SqliteTest, DatabasesInMemoryAreApart) {
  const auto first = std::move(open_driver("sqlite::memory:").value());
  const auto second = std::move(open_driver("sqlite::memory:").value());
  ASSERT_TRUE(insert(*first, 1));
  ASSERT_TRUE(insert(*second, 1));
  EXPECT_EQ(count(*first), 1);
}

}  // namespace
}  // namespace slipway
