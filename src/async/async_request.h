// A prediction that is answered later, as it is kept. Plain values.
//
//   queued -> running -> succeeded
//     ^         |  `---> dead: a dead letter
//     `---------'         |
//     `-------------------'  by a replay
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/result.h"

namespace slipway {

enum class AsyncState : std::uint8_t { kQueued, kRunning, kSucceeded, kDead };
std::string_view to_string(AsyncState state) noexcept;  // "queued", "running", "succeeded", "dead"
std::optional<AsyncState> parse_async_state(std::string_view text) noexcept;

// The version that runs it, by name and by bytes.
struct AsyncTarget {
  std::string model;
  std::string version;
  Digest bundle;
};

// One run that ended. `code` is kOk for the one that succeeded.
struct AsyncAttempt {
  std::int64_t number = 0;  // ascending, not without gaps
  std::string version;
  WallTime started_at{};
  WallTime ended_at{};
  Code code = Code::kOk;
  std::string reason;
  std::string message;
  std::string record;  // id in the audit log; "" where there is no record
};

struct AsyncRequest {
  std::string id;
  std::string principal;  // who asked
  AsyncTarget target;
  AsyncState state = AsyncState::kQueued;
  std::int64_t attempts = 0;  // since it was queued or replayed
  std::int64_t replays = 0;
  WallTime created_at{};
  WallTime queued_at{};  // when it was accepted, or replayed
  std::optional<WallTime> settled_at;
  std::optional<AsyncAttempt> last;  // the newest that ended
};

// What goes over the wire: of a request, or of its answer.
struct AsyncMessage {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

}  // namespace slipway
