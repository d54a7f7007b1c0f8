// Values in Redis that may be lost: read and written within a time limit, never in the way of whoever asks.
//
// One thread owns a few connections (hiredis, pipelined): commands that arrive together leave in one write, and a reply
// that comes too late is dropped. While a connection is down, its commands fail at once; it is made again after longer
// and longer, up to five seconds. Nothing is tried again: the caller goes on without.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace slipway {

struct RedisAddress {
  std::string host;
  std::uint16_t port = 6379;
  std::string user;  // "": the server's default user
  unsigned database = 0;
  bool operator==(const RedisAddress&) const = default;
};

// redis://[USER@]HOST[:PORT][/DATABASE]. A password in it is refused: every process of the machine could read it on the
// command line. invalid_argument "redis.uri".
Result<RedisAddress> parse_redis_uri(std::string_view uri);

struct RedisOptions {
  RedisAddress address;
  Secret password;  // empty: none is sent
  unsigned connections = 1;
  std::chrono::milliseconds time_limit{20};  // of a command
};

// Thread-safe.
class RedisClient {
 public:
  // The value; nullopt where there is none. unavailable "redis.unavailable" (not connected, the connection was lost,
  // too much waits), deadline_exceeded "redis.timeout", internal "redis.error" (an error of the server).
  using Value = Result<std::optional<std::string>>;

  explicit RedisClient(RedisOptions options);
  ~RedisClient();  // what waits fails
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  // Calls `done` exactly once, on the client's thread or this one.
  void get(std::string key, std::function<void(Value)> done);
  // `done` is given nullopt. The value is gone after `keep`.
  void set(std::string key, std::string value, std::chrono::milliseconds keep, std::function<void(Value)> done);

  std::size_t connected() const noexcept;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace slipway
