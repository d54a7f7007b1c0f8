// One pipelined connection to Redis, on the epoll of its owner. Private to the client (hiredis is in here).
//
// Replies come in the order of the commands, so what waits is one queue. A command that has become late is answered and
// stays in the queue until its reply comes. A server that is silent for kSilenceMax behind that is hung up on.
#pragma once

#include <deque>
#include <functional>
#include <hiredis/async.h>
#include <string>
#include <vector>

#include "base/clock.h"
#include "storage/redis_client.h"

namespace slipway {

struct RedisCommand {
  std::vector<std::string> words;
  std::function<void(RedisClient::Value)> done;
  Monotonic deadline{};
};

// One thread's.
class RedisConnection {
 public:
  static constexpr std::size_t kWaitingMax = 10'000;
  static constexpr std::chrono::seconds kSilenceMax{1};

  // `options` outlives it. `on_change`: it is now ready, or no longer.
  RedisConnection(const RedisOptions& options, int epoll, std::function<void(bool is_ready)> on_change);
  ~RedisConnection();  // what waits fails
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  void send(RedisCommand command);  // leaves with the next flush()
  void flush();
  void on_events(unsigned events);  // of epoll
  // Connects where it is time, and gives up what is late. When to call it again at the latest.
  Monotonic tick(Monotonic now);

 private:
  struct Waiting {
    std::function<void(RedisClient::Value)> done;  // empty: has been called
    Monotonic deadline{};
  };

  void connect(Monotonic now);
  void greet();
  void on_greeted(const RedisClient::Value& reply);
  void submit(RedisCommand command);
  void on_reply(const redisReply* reply);
  void on_gone();
  void hang_up(std::string why);
  void want(unsigned events, bool is_wanted) noexcept;
  void update_watch();

  const RedisOptions& options_;
  const int epoll_;
  const std::function<void(bool)> on_change_;
  redisAsyncContext* context_ = nullptr;  // null: not connected, and not on the way
  int descriptor_ = -1;
  unsigned wanted_ = 0;  // events
  unsigned watched_ = 0;
  bool is_ready_ = false;
  std::size_t greetings_ = 0;  // replies to come before it is ready
  std::deque<Waiting> waiting_;
  std::size_t late_ = 0;  // of the first in it, that have been answered
  Monotonic connect_at_{};
  Monotonic connected_by_{};  // while it is not ready
  std::chrono::milliseconds backoff_{0};
  std::string why_;  // it was lost
  bool is_loss_told_ = false;
};

}  // namespace slipway
