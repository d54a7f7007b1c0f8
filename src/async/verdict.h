// What becomes of a request after a run, and when a replay may go on. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "async/async_request.h"
#include "outbox/backoff.h"

namespace slipway {

struct AsyncLimits {
  std::int64_t attempts_max = 5;  // those that a killed server left unfinished included
  Backoff backoff{std::chrono::seconds(1), std::chrono::seconds(60)};
  std::chrono::milliseconds lease{10'000};  // prolonged while the server that holds it is alive
};

struct AsyncVerdict {
  AsyncState state = AsyncState::kQueued;  // kQueued: once more
  WallTime due_at{};                       // of the next run
};

// May the same request succeed later? A model that fails on an input fails on it again; a version that is not served
// may be about to be loaded.
bool may_pass(const Error& error) noexcept;

// `attempts`: so far, this one included. `random`: any 64 bits.
AsyncVerdict judge(std::int64_t attempts, const Status& outcome, const AsyncLimits& limits, WallTime now,
                   std::uint64_t random) noexcept;

// A replay starts one letter every `gap`; after a pause it makes up for kReplayBurst at most. When the one after may
// start; null where none may start now.
constexpr std::chrono::milliseconds kReplayBurst{200};
std::optional<WallTime> take_turn(WallTime next_at, std::chrono::microseconds gap, WallTime now) noexcept;

}  // namespace slipway
