#include "storage/sqlite_writer.h"

#include <utility>

namespace slipway {
namespace {

// After a group that was run again: more than that would cost, so that nobody slows down others by failing.
constexpr int kGroupsWithSavepoints = 256;

}  // namespace

Status SqliteWriter::run(const ConnectionBody& body) {
  Write write(body);
  if (queue_.enter(write)) {
    run_group();
    queue_.leave(commit_took_);
  }
  return std::move(write.status);
}

void SqliteWriter::run_group() {
  std::unique_lock alone = readers_ != nullptr ? std::unique_lock(*readers_) : std::unique_lock<std::shared_mutex>();
  while (Write* write = queue_.next()) uncommitted_.empty() ? run_first(*write) : run_next(*write);
  commit();
  if (groups_with_savepoints_ > 0) --groups_with_savepoints_;
}

void SqliteWriter::run_first(Write& write) {
  write.status = connection_->begin(TransactionMode::kWrite);
  if (write.status) write.status = run_body(*connection_, write.body);
  if (write.status) return uncommitted_.push_back(&write);
  connection_->rollback();
}

void SqliteWriter::run_next(Write& write) {
  if (groups_with_savepoints_ > 0) return run_next_in_savepoint(write);
  connection_->begin_part();
  const std::int64_t changes = connection_->changes();
  write.status = run_body(*connection_, write.body);
  if (write.status) return uncommitted_.push_back(&write);
  if (connection_->is_in_transaction()) {
    if (connection_->changes() == changes) return;
    connection_->rollback();
    groups_with_savepoints_ = kGroupsWithSavepoints;
  }
  run_again(std::exchange(uncommitted_, {}));
}

void SqliteWriter::run_next_in_savepoint(Write& write) {
  write.status = connection_->save();
  if (write.status) write.status = run_body(*connection_, write.body);
  if (write.status) write.status = connection_->keep_since_save();
  if (write.status) return uncommitted_.push_back(&write);
  connection_->rollback_to_save();
  // Some faults, such as a full disk, make SQLite take back the whole transaction.
  if (!connection_->is_in_transaction()) run_again(std::exchange(uncommitted_, {}));
}

void SqliteWriter::commit() {
  if (uncommitted_.empty()) return;
  const Monotonic begun = std::chrono::steady_clock::now();
  const Status status = connection_->commit();
  commit_took_ = std::chrono::steady_clock::now() - begun;
  if (status) return uncommitted_.clear();
  connection_->rollback();
  if (uncommitted_.size() > 1 && status.error().code == Code::kFailedPrecondition) {  // a deferred constraint of one
    return run_again(std::exchange(uncommitted_, {}));
  }
  for (Write* write : std::exchange(uncommitted_, {})) write->status = status;
}

void SqliteWriter::run_again(std::vector<Write*> writes) {
  for (Write* write : writes) write->status = run_transaction(*connection_, TransactionMode::kWrite, write->body);
}

}  // namespace slipway
