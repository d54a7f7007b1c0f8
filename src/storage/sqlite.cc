#include "storage/sqlite.h"

#include <atomic>
#include <shared_mutex>

#include "storage/pool.h"
#include "storage/sqlite_connection.h"
#include "storage/sqlite_writer.h"

namespace slipway {
namespace {

constexpr std::size_t kReadersMax = 8;
constexpr std::chrono::seconds kReaderWaitMax{10};

class Sqlite final : public Driver {
 public:
  Sqlite(std::string filename, bool is_memory, std::unique_ptr<SqliteConnection> writer)
      : is_memory_(is_memory),
        writer_(std::move(writer), is_memory ? &memory_mutex_ : nullptr),
        readers_(kReadersMax, kReaderWaitMax, [filename = std::move(filename)] {
          return SqliteConnection::open(filename, SqliteAccess::kReadOnly);
        }) {}

  std::string_view dialect() const noexcept override { return "sqlite"; }

 protected:
  Status run(TransactionMode mode, const ConnectionBody& body) override {
    return mode == TransactionMode::kRead ? run_reader(body) : writer_.run(body);
  }

 private:
  Status run_reader(const ConnectionBody& body) {
    std::shared_lock shared(memory_mutex_, std::defer_lock);
    if (is_memory_) shared.lock();
    SLIPWAY_TRY(auto reader, readers_.lend());
    return run_transaction(*reader, TransactionMode::kRead, body);
  }

  const bool is_memory_;
  std::shared_mutex memory_mutex_;
  SqliteWriter writer_;  // keeps a database in memory alive
  Pool<SqliteConnection> readers_;
};

// The memdb file system shares one database among the connections of a process that name it alike.
std::string memory_filename() {
  static std::atomic<unsigned> next{0};
  return "file:/slipway-" + std::to_string(next++) + "?vfs=memdb";
}

}  // namespace

Result<std::unique_ptr<Driver>> open_sqlite(const std::string& path) {
  const bool is_memory = path == ":memory:";
  std::string filename = path;
  if (is_memory) {
    filename = memory_filename();
  } else if (path.starts_with("file:")) {
    filename.insert(0, "./");  // a path, never one of SQLite's URIs
  }
  SLIPWAY_TRY(auto writer, SqliteConnection::open(filename, SqliteAccess::kReadWrite));
  return std::make_unique<Sqlite>(std::move(filename), is_memory, std::move(writer));
}

}  // namespace slipway
