// The slow work around a log, on a thread of its own: the next segment made ready, full ones sealed, checkpoints
// signed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "audit/catalog.h"
#include "audit/file.h"
#include "base/clock.h"
#include "base/result.h"

namespace slipway::audit {

struct KeeperDuties {
  std::filesystem::path blank_path;
  std::uint64_t segment_bytes = 0;
  std::chrono::milliseconds checkpoint_interval{};
  const Clock* clock = nullptr;
  std::function<Status(const SegmentInfo&)> seal;
  std::function<Status()> sign_checkpoint;
};

class Keeper {
 public:
  explicit Keeper(KeeperDuties duties);
  ~Keeper() { stop(); }

  void request_blank();
  // The next segment's file, all zeros; waits while it is being made. Unavailable if the disk has no room for it.
  Result<File> take_blank();
  void seal(const SegmentInfo& segment);
  // Records became durable: a checkpoint is due at the end of the interval.
  void note_growth();
  // Finishes the sealing that was asked for. The last checkpoint is the owner's.
  void stop();

  std::uint64_t failures() const;
  std::string last_failure() const;

 private:
  void run();
  bool is_checkpoint_due() const noexcept;
  void make_blank(std::unique_lock<std::mutex>& lock);
  void report(const Status& status);

  const KeeperDuties duties_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable blank_ready_;
  std::optional<Result<File>> blank_;  // or why there is none
  bool is_blank_wanted_ = false;
  std::deque<SegmentInfo> to_seal_;
  std::optional<Monotonic> signed_at_;
  bool has_grown_ = false;
  bool is_stopping_ = false;
  std::uint64_t failures_ = 0;
  std::string last_failure_;
  std::thread thread_;
};

}  // namespace slipway::audit
