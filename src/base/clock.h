// Time as a port: code that decides by time takes a Clock, tests hand it a ManualClock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slipway {

using WallTime = std::chrono::sys_time<std::chrono::microseconds>;
using Monotonic = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime now() const noexcept = 0;
  virtual Monotonic monotonic() const noexcept = 0;
};

// The machine's clock; shared by the whole process.
const Clock& system_clock() noexcept;

class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = WallTime{}) : micros_(start.time_since_epoch().count()) {}
  WallTime now() const noexcept override { return WallTime{std::chrono::microseconds{micros_.load()}}; }
  Monotonic monotonic() const noexcept override { return Monotonic{std::chrono::microseconds{micros_.load()}}; }
  void advance(std::chrono::microseconds by) noexcept { micros_ += by.count(); }

 private:
  std::atomic<std::int64_t> micros_;
};

// RFC 3339 in UTC with microseconds: "2026-11-24T22:27:32.000001Z".
std::string format_time(WallTime time);
// RFC 3339 with "Z" or an offset, seconds with up to six decimals; or a date alone, which is its midnight in UTC.
std::optional<WallTime> parse_time(std::string_view text) noexcept;

}  // namespace slipway
