// The writing connection of a SQLite database, shared by all threads: what they write at once is committed at once.
//
// Transactions that share a commit run one after the other, each sees the effects of those before it, and one that
// fails takes only itself back. Few fail after they have changed something, and a savepoint for each costs a copy of
// every page that it changes: so there are none until one fails so, and then for a while. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <shared_mutex>
#include <vector>

#include "storage/sqlite_connection.h"
#include "storage/write_queue.h"

namespace slipway {

class SqliteWriter {
 public:
  // `readers`: held while the connection writes, for a database in memory; null otherwise. Outlives this.
  SqliteWriter(std::unique_ptr<SqliteConnection> connection, std::shared_mutex* readers)
      : connection_(std::move(connection)), readers_(readers) {}

  // `body` in a transaction of its own, as far as it can tell. Durable when ok.
  Status run(const ConnectionBody& body);

 private:
  using Write = WriteQueue::Write;
  void run_group();
  void run_first(Write& write);
  void run_next(Write& write);
  void run_next_in_savepoint(Write& write);
  void commit();
  // Each by itself, for the ones that a fault of another may have taken back.
  void run_again(std::vector<Write*> writes);

  std::unique_ptr<SqliteConnection> connection_;
  std::shared_mutex* const readers_;
  WriteQueue queue_;
  std::vector<Write*> uncommitted_;          // of the group that runs
  std::chrono::nanoseconds commit_took_{0};  // of the group that ran
  int groups_with_savepoints_ = 0;           // that are still to come
};

}  // namespace slipway
