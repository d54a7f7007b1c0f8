// Where records wait for the commit: bounded in bytes, refusing when full, without allocation while nobody asks to be
// told.
//
// Any thread pushes. One thread at a time takes everything that waits; it gets the frames ready to be written.
// The place in the queue is the index in the log.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"

namespace slipway::audit {

// Told the index once the record is durable, or why it is not.
using Completion = std::function<void(Result<std::uint64_t>)>;

// How soon the record wants its commit.
enum class Urgency : std::uint8_t {
  kRelaxed,   // within the batch time
  kStrict,    // now
  kPersonal,  // now, and the caller commits itself: nobody is woken
};

struct Batch {
  std::unique_ptr<std::byte[]> bytes;
  std::size_t size_bytes = 0;
  std::uint64_t first_index = 0;
  std::uint64_t count = 0;
  struct Waiter {
    std::uint64_t index;
    Completion completion;
  };
  std::vector<Waiter> waiters;

  std::span<std::byte> frames() noexcept { return {bytes.get(), size_bytes}; }
};

struct QueueLimits {
  std::size_t bytes_max = 0;
  std::size_t batch_records = 0;  // this many waiting records close the batch
  std::chrono::microseconds batch_time{};
};

class CommitQueue {
 public:
  CommitQueue(const QueueLimits& limits, std::uint64_t next_index);

  // The index the record will have. resource_exhausted "audit.queue_full"; failed_precondition "audit.closed"; the
  // error given to refuse().
  Result<std::uint64_t> push(std::span<const std::byte> leaf, Urgency urgency, Completion completion = {});

  // Waits until a batch is due; false once the queue is closed and empty. For the one writer thread.
  bool wait_until_due();
  // Everything that waits; `spent` is a batch taken before, whose memory is used again.
  void take(Batch& spent);

  void close();
  void refuse(Error why);  // for good

  struct Depth {
    std::uint64_t next_index;
    std::size_t bytes;
  };
  Depth depth() const;

 private:
  bool is_due() const noexcept;

  const QueueLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Batch waiting_;
  bool is_urgent_ = false;
  bool is_closed_ = false;
  std::optional<Error> refusal_;
  // A writer that polls by a timer needs no waking for a relaxed record; one that found nothing to do does.
  enum class Writer : std::uint8_t { kAwake, kPolling, kAsleep } writer_ = Writer::kAwake;
};

}  // namespace slipway::audit
