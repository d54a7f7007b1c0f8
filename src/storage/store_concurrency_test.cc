// Many threads on one database.
#include <array>
#include <atomic>
#include <future>
#include <gmock/gmock.h>
#include <stdexcept>
#include <thread>

#include "storage/testing/database_test_case.h"

namespace slipway {
namespace {

class StoreConcurrencyTest : public DatabaseTestCase {
 protected:
  static constexpr std::string_view kTables =
      "CREATE TABLE counters (name TEXT PRIMARY KEY, value BIGINT NOT NULL);\n"
      "INSERT INTO counters (name, value) VALUES ('a', 0), ('b', 0);\n";

  static Result<std::int64_t> value(Transaction& transaction, const std::string& name) {
    SLIPWAY_TRY(const auto rows, transaction.query("SELECT value FROM counters WHERE name = $1", {name}));
    return rows.at(0).integer(0);
  }
  static Status set(Transaction& transaction, const std::string& name, std::int64_t to) {
    SLIPWAY_CHECK(transaction.execute("UPDATE counters SET value = $2 WHERE name = $1", {name, to}));
    return {};
  }
};

// Read, then write: loses updates unless writers are serializable and conflicts are run again.
TEST_P(StoreConcurrencyTest, EightThreadsIncrementACounterExactly) {
  const auto database = open_with(kTables);
  constexpr int kIncrements = 25;
  std::vector<Status> statuses(8);
  std::vector<std::thread> threads;
  for (Status& status : statuses) {
    threads.emplace_back([&] {
      for (int i = 0; i < kIncrements && status; ++i) {
        status = database->write([](Transaction& transaction) -> Status {
          SLIPWAY_TRY(const std::int64_t before, value(transaction, "a"));
          return set(transaction, "a", before + 1);
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Status& status : statuses) EXPECT_TRUE(status) << status.error().message;
  ASSERT_TRUE(database->read([](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const std::int64_t total, value(transaction, "a"));
    EXPECT_EQ(total, 8 * kIncrements);
    return {};
  }));
}

TEST_P(StoreConcurrencyTest, AReadSeesOneSnapshotWhileAWriterCommits) {
  if (GetParam() == DatabaseKind::kSqliteMemory) GTEST_SKIP() << "in memory a writer waits for readers";
  const auto database = open_with(kTables);
  const Status status = database->read([&](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const std::int64_t a_before, value(transaction, "a"));
    EXPECT_TRUE(std::async(std::launch::async, [&] {
                  return database->write([](Transaction& writer) -> Status {
                    SLIPWAY_CHECK(set(writer, "a", 5));
                    return set(writer, "b", 5);
                  });
                }).get());
    SLIPWAY_TRY(const std::int64_t a_after, value(transaction, "a"));
    SLIPWAY_TRY(const std::int64_t b_after, value(transaction, "b"));
    EXPECT_EQ(a_before, 0);
    EXPECT_EQ(a_after, 0);
    EXPECT_EQ(b_after, 0);
    return {};
  });
  EXPECT_TRUE(status) << status.error().message;
}

// a + b stays 100 in every state that was committed.
TEST_P(StoreConcurrencyTest, ReadersNeverSeeHalfOfATransaction) {
  const auto database = open_with(kTables);
  ASSERT_TRUE(database->write([](Transaction& transaction) { return set(transaction, "a", 100); }));
  std::atomic<bool> is_over{false};
  std::atomic<int> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!is_over) {
        const Status status = database->read([](Transaction& transaction) -> Status {
          SLIPWAY_TRY(const std::int64_t a, value(transaction, "a"));
          SLIPWAY_TRY(const std::int64_t b, value(transaction, "b"));
          EXPECT_EQ(a + b, 100);
          return {};
        });
        EXPECT_TRUE(status) << status.error().message;
        ++reads;
        std::this_thread::yield();
      }
    });
  }
  for (std::int64_t moved = 1; moved <= 50 || reads < 50; ++moved) {
    const Status status = database->write([&](Transaction& transaction) -> Status {
      SLIPWAY_CHECK(set(transaction, "a", 100 - moved));
      return set(transaction, "b", moved);
    });
    EXPECT_TRUE(status) << status.error().message;
  }
  is_over = true;
  for (std::thread& reader : readers) reader.join();
}

// Write skew (Berenson et al. 1995): each reads both and writes the other; only serializable isolation refuses one.
TEST_P(StoreConcurrencyTest, WritersCannotSkew) {
  const auto database = open_with(kTables);
  const auto raise = [&](const std::string& own, const std::string& other) {
    return database->write([&](Transaction& transaction) -> Status {
      SLIPWAY_TRY(const std::int64_t theirs, value(transaction, other));
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // so that both have read before one commits
      return theirs == 0 ? set(transaction, own, 1) : Status{};
    });
  };
  auto first = std::async(std::launch::async, [&] { return raise("a", "b"); });
  auto second = std::async(std::launch::async, [&] { return raise("b", "a"); });
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
  ASSERT_TRUE(database->read([](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const std::int64_t a, value(transaction, "a"));
    SLIPWAY_TRY(const std::int64_t b, value(transaction, "b"));
    EXPECT_EQ(a + b, 1);
    return {};
  }));
}

// Commits may be shared; failures are not.
TEST_P(StoreConcurrencyTest, AFailedWriteTakesNothingOfOthersBackAndOnlyItsOwnThreadHearsOfIt) {
  const auto database = open_with(
      "CREATE TABLE kept (id TEXT PRIMARY KEY, amount BIGINT NOT NULL CHECK (amount >= 0));\n"
      "INSERT INTO kept (id, amount) VALUES ('taken', 0);\n");
  constexpr int kThreads = 8;
  constexpr int kRounds = 30;
  const auto insert = [](Transaction& transaction, const std::string& id, std::int64_t amount) -> Status {
    SLIPWAY_CHECK(transaction.execute("INSERT INTO kept (id, amount) VALUES ($1, $2)", {id, amount}));
    return {};
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int round = 0; round < kRounds; ++round) {
        const std::string id = std::to_string(thread) + "-" + std::to_string(round);
        const int kind = (thread + round) % 5;
        const Status status = database->write([&](Transaction& transaction) -> Status {
          SLIPWAY_CHECK(insert(transaction, id, 1));
          if (kind == 1) return insert(transaction, "taken", 1);
          if (kind == 2) return insert(transaction, id + "-more", -1);
          if (kind == 3) return fail(Code::kNotFound, "test.own", id);
          if (kind == 4) throw std::runtime_error(id);
          return {};
        });
        static constexpr std::array<std::string_view, 5> kReasons = {"", "sql.unique", "sql.constraint", "test.own",
                                                                     "sql.error"};
        EXPECT_EQ(status ? "" : status.error().reason, kReasons[static_cast<std::size_t>(kind)]);
        if (kind >= 3) {
          EXPECT_THAT(status.error().message, testing::EndsWith(id));
        }
      }
    });
  }
  for (std::thread& each : threads) each.join();
  ASSERT_TRUE(database->read([&](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const auto rows, transaction.query("SELECT count(*), sum(amount) FROM kept"));
    EXPECT_EQ(rows.at(0).integer(0), kThreads * kRounds / 5 + 1);
    EXPECT_EQ(rows.at(0).integer(1), kThreads * kRounds / 5);
    return {};
  }));
}

INSTANTIATE_TEST_SUITE_P(Databases, StoreConcurrencyTest, every_database(), database_name);

}  // namespace
}  // namespace slipway
