// The append-only log of every prediction and decision: durable, ordered, and provable to a third party.
//
// Records are framed into segment files (segment.h), each a leaf of a Merkle tree (merkle.h, hash_store.h) whose root
// is signed (note.h). The directory holds
//
//   segment-N.log, segment-N.index   the records (segment.h), where to find each (id_index.h)
//   hashes-0, hashes-1, …            the nodes of the tree (hash_store.h)
//   checkpoint                       the newest signed checkpoint
//   audit.key, audit.key.pub         the signing key, unless it is kept elsewhere
//   lock, blank                      held while the log is open; the segment being made ready
//
// A record is durable once the commit that holds it is synced; a commit takes everything that waits. Three ways to
// append: relaxed returns when the record is queued and may lose what stats() counts as pending if the machine fails (a
// killed process loses the same); strict calls back after the commit; durable waits for it, and makes it itself when no
// other commit runs. A full queue refuses, nothing is dropped. When a write or a sync fails the log is failed: the
// state of the file is then unknown, so it refuses every record until it is opened anew.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "audit/catalog.h"
#include "audit/hash_store.h"
#include "audit/keeper.h"
#include "audit/key.h"
#include "audit/merkle.h"
#include "audit/note.h"
#include "audit/queue.h"
#include "audit/record.h"
#include "base/clock.h"
#include "base/result.h"

namespace slipway::audit {

struct LogOptions {
  std::string origin = "slipway.local/audit";  // name of the log, used when its key is made
  std::filesystem::path key_path;              // empty: audit.key in the directory
  std::uint64_t segment_bytes = 64 << 20;      // 128 KiB to 1 GiB
  std::size_t queue_bytes_max = 16 << 20;      // as much again can be in the commit that runs
  std::size_t batch_records = 128;             // a batch closes at this many records …
  std::chrono::microseconds batch_time{5000};  // … or at this age, or at once for a strict record
  std::chrono::milliseconds checkpoint_interval{1000};
  const Clock* clock = &system_clock();
  int (*sync_data)(int descriptor) = nullptr;  // null: fdatasync(2); tests hand in one that fails
};

struct LogStats {
  std::uint64_t records = 0;          // accepted
  std::uint64_t durable_records = 0;  //
  std::uint64_t pending_records = 0;  // accepted and not durable: the possible loss
  std::uint64_t pending_bytes = 0;
  std::uint64_t commits = 0;  // since open
  std::uint64_t refused = 0;  // since open
  std::uint64_t checkpoint_size = 0;
  std::uint64_t keeper_failures = 0;  // sealing, signing or making room failed
  bool has_failed = false;
};

class AuditLog {
 public:
  // Creates or recovers. failed_precondition "audit.locked" if a process has it open, "audit.key_missing" if there is a
  // log but not its key; data_loss "audit.corrupt" as recover().
  static Result<std::unique_ptr<AuditLog>> open(const std::filesystem::path& directory, LogOptions options = {});
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Thread-safe, all three. They fail with invalid_argument "audit.record_invalid", resource_exhausted
  // "audit.queue_full", failed_precondition "audit.closed", unavailable "audit.failed".
  Status append_relaxed(const Record& record);  // no allocation
  // `done` is called exactly once: with the index on the thread that committed, or with the error, then possibly on
  // this thread before the return. It must not block and not call append_durable() or close().
  void append_strict(const Record& record, Completion done);
  Result<std::uint64_t> append_durable(const Record& record);

  // Commits what waits, signs a last checkpoint, stops. Later appends are refused; reading goes on.
  Status close();

  LogStats stats() const;
  std::string failure() const;  // why has_failed or keeper_failures, for people
  Catalog catalog() const;      // of durable records
  const HashStore& hashes() const noexcept { return hashes_; }
  const PublicKey& public_key() const noexcept { return key_.public_key(); }
  // The newest checkpoint.
  Result<std::string> checkpoint();
  // The same; a new one is signed if it does not hold record `index` yet. out_of_range if the log does
  // not.
  Result<std::string> checkpoint_covering(std::uint64_t index);
  // Signed over everything that is durable now.
  Result<std::string> sign_checkpoint();

 private:
  struct Opened;
  explicit AuditLog(Opened opened);

  Result<std::uint64_t> append(const Record& record, Urgency urgency, Completion done);
  void commit(std::uint64_t wanted_index);
  Status write(std::span<std::byte> frames);
  Status write_part(std::span<std::byte> frames, std::uint64_t offset);
  Status roll();
  Status hash_written();
  Status seal(const SegmentInfo& segment);
  Status start_first_segment();
  void fail_for_good(const Error& why);

  const LogOptions options_;
  const std::filesystem::path directory_;
  File lock_;
  PrivateKey key_;

  CommitQueue queue_;
  std::atomic<std::uint64_t> durable_size_;
  std::atomic<std::uint64_t> committing_bytes_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<bool> has_failed_{false};

  std::mutex commit_mutex_;  // held by the one who commits; guards these
  Batch batch_;
  File segment_;
  std::uint64_t segment_bytes_ = 0;
  std::span<const std::byte> unhashed_;  // frames in batch_ that are durable and not yet in the tree
  std::vector<Digest> leaves_;

  HashStore hashes_;
  std::mutex tree_mutex_;
  Frontier tree_;

  mutable std::mutex catalog_mutex_;
  Catalog catalog_;  // the last segment is the one written to
  Error failure_;

  mutable std::mutex checkpoint_mutex_;
  std::string checkpoint_note_;
  std::atomic<std::uint64_t> checkpoint_size_{0};

  std::mutex close_mutex_;
  bool is_closed_ = false;
  std::unique_ptr<Keeper> keeper_;
  std::thread writer_;
};

}  // namespace slipway::audit
