// Structured logging: one JSON object a line, on standard error.
//
//   log::info("server.ready", {{"address", address}, {"models", count}});
//   {"ts":"2026-11-24T22:27:32.000001Z","level":"info","event":"server.ready","address":"127.0.0.1:8080","models":3}
//
// A line is built by the caller and written by a thread of its own behind a bounded queue: logging never waits for the
// reader of standard error. When the queue is full the oldest lines are lost, and counted. Whatever the values hold, a
// line stays one line of valid JSON. A Secret cannot be logged: it does not compile. Thread-safe.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <variant>

#include "base/id.h"

namespace slipway::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };
std::string_view to_string(Level level) noexcept;  // "debug", "info", "warning", "error"
std::optional<Level> parse_level(std::string_view text) noexcept;

// A key and a value. Views: both must live until the call returns. Keys are ours: lower-case words joined by
// underscores.
class Field {
 public:
  using TraceId = std::array<std::uint8_t, 16>;

  Field(std::string_view key, std::string_view text) : key_(key), value_(text) {}
  Field(std::string_view key, const char* text) : key_(key), value_(std::string_view(text)) {}
  template <std::same_as<bool> T>  // a pointer is not a flag
  Field(std::string_view key, T flag) : key_(key), value_(flag) {}
  Field(std::string_view key, double number) : key_(key), value_(number) {}
  Field(std::string_view key, const Id& id) : key_(key), value_(id) {}
  Field(std::string_view key, const TraceId& trace) : key_(key), value_(trace) {}
  template <std::signed_integral T>
  Field(std::string_view key, T number) : key_(key), value_(static_cast<std::int64_t>(number)) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Field(std::string_view key, T number)
      : key_(key), value_(static_cast<std::uint64_t>(number)) {}
  template <typename T>
  requires std::convertible_to<const T&, std::string_view> Field(std::string_view key, const T& text)
      : key_(key), value_(std::string_view(text)) {}

  using Value = std::variant<std::string_view, bool, double, std::int64_t, std::uint64_t, Id, TraceId>;
  std::string_view key() const noexcept { return key_; }
  const Value& value() const noexcept { return value_; }

 private:
  std::string_view key_;
  Value value_;
};

// The keys under which a request is found in logs and records alike.
inline Field request_id(const Id& id) { return {"request_id", id}; }
inline Field trace_id(const Field::TraceId& trace) { return {"trace_id", trace}; }

using Fields = std::initializer_list<Field>;

struct Settings {
  Level level = Level::kInfo;
  std::size_t queue_lines_max = 8192;
  int descriptor = 2;
};

// Starts the writing thread. Before start() and after stop() lines are written at once by the caller.
void start(const Settings& settings);
// Writes what is queued and ends the thread. Not concurrent with start().
void stop();

void set_level(Level level) noexcept;
bool is_enabled(Level level) noexcept;
std::uint64_t lines_lost() noexcept;  // since start()

void write(Level level, std::string_view event, Fields fields);
inline void debug(std::string_view event, Fields fields = {}) { write(Level::kDebug, event, fields); }
inline void info(std::string_view event, Fields fields = {}) { write(Level::kInfo, event, fields); }
inline void warning(std::string_view event, Fields fields = {}) { write(Level::kWarning, event, fields); }
inline void error(std::string_view event, Fields fields = {}) { write(Level::kError, event, fields); }

}  // namespace slipway::log
