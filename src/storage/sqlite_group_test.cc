// Transactions that share a commit.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <gmock/gmock.h>
#include <latch>
#include <sys/resource.h>
#include <thread>

#include "storage/driver.h"
#include "storage/testing/objects.h"

namespace slipway {
namespace {

using Body = std::function<Status(Transaction&)>;

class SqliteGroupTest : public testing::Test {
 protected:
  void SetUp() override {
    database_ = std::move(open_driver("sqlite:" + (directory_.path() / "test.db").string()).value());
    ASSERT_TRUE(database_->change_schema([](Connection& connection) {
      return connection.run_script(
          "CREATE TABLE parents (id BIGINT PRIMARY KEY);"
          "CREATE TABLE kept (id BIGINT PRIMARY KEY,"
          "                   parent BIGINT REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)");
    }));
  }

  // Runs `bodies`, each on a thread of its own, after another write: while that runs they queue, and then share a
  // commit.
  std::vector<Status> together(const std::vector<Body>& bodies) {
    std::vector<Status> statuses(bodies.size());
    std::latch has_begun(1);
    std::atomic<std::size_t> called{0};
    std::thread before([&] {
      EXPECT_TRUE(database_->write([&](Transaction&) -> Status {
        has_begun.count_down();
        while (called < bodies.size()) std::this_thread::yield();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));  // from the call to the queue
        return {};
      }));
    });
    has_begun.wait();
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      threads.emplace_back([&, i] {
        while (called < i) std::this_thread::yield();
        ++called;
        statuses[i] = database_->write(bodies[i]);
      });
    }
    for (std::thread& thread : threads) thread.join();
    before.join();
    return statuses;
  }

  static Body run(std::string sql) {
    return [sql = std::move(sql)](Transaction& transaction) -> Status {
      SLIPWAY_CHECK(transaction.execute(sql));
      return {};
    };
  }
  std::vector<std::int64_t> kept() {
    std::vector<std::int64_t> ids;
    EXPECT_TRUE(database_->read([&](Transaction& transaction) -> Status {
      SLIPWAY_TRY(const auto rows, transaction.query("SELECT id FROM kept ORDER BY id"));
      for (const Row& row : rows) ids.push_back(row.integer(0));
      return {};
    }));
    return ids;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Driver> database_;
};

TEST_F(SqliteGroupTest, AWriteSeesThoseBeforeItInItsGroup) {
  std::vector<std::int64_t> counts(3);
  std::vector<Body> bodies;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    bodies.emplace_back([&counts, i](Transaction& transaction) -> Status {
      SLIPWAY_CHECK(transaction.execute("INSERT INTO kept (id) VALUES ($1)", {static_cast<std::int64_t>(i)}));
      SLIPWAY_TRY(const auto rows, transaction.query("SELECT count(*) FROM kept"));
      counts[i] = rows.at(0).integer(0);
      return {};
    });
  }
  for (const Status& status : together(bodies)) EXPECT_TRUE(status);
  EXPECT_THAT(counts, testing::UnorderedElementsAre(1, 2, 3));
}

TEST_F(SqliteGroupTest, WritesAtOnceShareACommit) {
  constexpr std::size_t kFrameBytes = 4096 + 24;  // https://www.sqlite.org/fileformat2.html#walformat
  const auto log_bytes = [&] { return std::filesystem::file_size(directory_.path() / "test.db-wal"); };
  ASSERT_TRUE(database_->write(run("INSERT INTO kept (id) VALUES (100)")));
  const auto before = log_bytes();
  std::vector<Body> bodies;
  for (int i = 0; i < 20; ++i) bodies.push_back(run("INSERT INTO kept (id) VALUES (" + std::to_string(i) + ")"));
  for (const Status& status : together(bodies)) EXPECT_TRUE(status);
  EXPECT_EQ(kept().size(), 21U);
  EXPECT_LT(log_bytes() - before, 10 * kFrameBytes) << "each commit writes every page that it changed";
}

TEST_F(SqliteGroupTest, AWriteThatFailsTakesOnlyItselfBack) {
  const Body fails_late = [](Transaction& transaction) -> Status {
    SLIPWAY_CHECK(transaction.execute("INSERT INTO kept (id) VALUES (77)"));
    return fail(Code::kInvalidArgument, "test.late", "after a change");
  };
  const Body fails_early = [](Transaction& transaction) -> Status {
    SLIPWAY_CHECK(transaction.execute("UPDATE kept SET parent = NULL WHERE id = 77"));  // there is none
    return fail(Code::kNotFound, "test.early", "before any change");
  };
  // Twice: after the first failure others stand in savepoints.
  for (const int first : {10, 20}) {
    const auto insert = [&](int i) { return run("INSERT INTO kept (id) VALUES (" + std::to_string(first + i) + ")"); };
    const auto statuses = together({insert(0), fails_early, insert(1), fails_late, insert(2), fails_early, insert(3)});
    for (const std::size_t i : {0U, 2U, 4U, 6U}) EXPECT_TRUE(statuses[i]) << statuses[i].error().message;
    for (const std::size_t i : {1U, 5U}) EXPECT_EQ(statuses[i].error().reason, "test.early");
    EXPECT_EQ(statuses[3].error().reason, "test.late");
  }
  EXPECT_THAT(kept(), testing::ElementsAre(10, 11, 12, 13, 20, 21, 22, 23));
}

// A conflict clause ROLLBACK takes the whole transaction of SQLite back, as a full disk does.
TEST_F(SqliteGroupTest, AFaultThatEndsTheTransactionHarmsOnlyItsOwnWrite) {
  ASSERT_TRUE(database_->write(run("INSERT INTO kept (id) VALUES (9)")));
  const auto statuses = together({run("INSERT INTO kept (id) VALUES (1)"), run("INSERT INTO kept (id) VALUES (2)"),
                                  run("INSERT OR ROLLBACK INTO kept (id) VALUES (9)"),
                                  run("INSERT INTO kept (id) VALUES (3)"), run("INSERT INTO kept (id) VALUES (4)")});
  for (const std::size_t i : {0U, 1U, 3U, 4U}) EXPECT_TRUE(statuses[i]) << statuses[i].error().message;
  ASSERT_FALSE(statuses[2]);
  EXPECT_EQ(statuses[2].error().reason, "sql.unique");
  EXPECT_THAT(kept(), testing::ElementsAre(1, 2, 3, 4, 9));
}

TEST_F(SqliteGroupTest, AConstraintThatIsCheckedAtTheCommitFailsOnlyTheWriteThatBrokeIt) {
  const auto statuses =
      together({run("INSERT INTO kept (id) VALUES (1)"), run("INSERT INTO kept (id, parent) VALUES (2, 77)"),
                run("INSERT INTO kept (id) VALUES (3)")});
  EXPECT_TRUE(statuses[0]);
  ASSERT_FALSE(statuses[1]);
  EXPECT_EQ(statuses[1].error().reason, "sql.constraint");
  EXPECT_TRUE(statuses[2]);
  EXPECT_THAT(kept(), testing::ElementsAre(1, 3));
}

TEST_F(SqliteGroupTest, NoneIsKeptAndAllHearOfItWhenTheCommitFails) {
  ASSERT_TRUE(database_->write(run("INSERT INTO kept (id) VALUES (9)")));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit full{std::filesystem::file_size(directory_.path() / "test.db-wal"), before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &full), 0);
  const auto statuses = together({run("INSERT INTO kept (id) VALUES (1)"), run("INSERT INTO kept (id) VALUES (2)"),
                                  run("INSERT INTO kept (id) VALUES (3)")});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  for (const Status& status : statuses) {
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().reason, "sql.unavailable") << status.error().message;
  }
  EXPECT_THAT(kept(), testing::ElementsAre(9));
  EXPECT_TRUE(database_->write(run("INSERT INTO kept (id) VALUES (4)"))) << "there is room again";
  EXPECT_THAT(kept(), testing::ElementsAre(4, 9));
}

}  // namespace
}  // namespace slipway
