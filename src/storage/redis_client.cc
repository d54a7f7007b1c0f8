#include "storage/redis_client.h"

#include <array>
#include <atomic>
#include <cassert>
#include <mutex>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "storage/redis_connection.h"

namespace slipway {

struct RedisClient::State {
  explicit State(RedisOptions chosen);
  ~State();

  void post(RedisCommand command);
  void loop();
  bool take(std::vector<RedisCommand>& commands);
  void wait(Monotonic until);
  void wake() const noexcept;

  const RedisOptions options;
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::atomic<std::size_t> connected{0};
  std::mutex mutex;
  std::vector<RedisCommand> posted;
  bool is_stopping = false;
  std::vector<std::unique_ptr<RedisConnection>> connections;  // the thread's
  std::thread thread;
};

RedisClient::State::State(RedisOptions chosen) : options(std::move(chosen)) {
  assert(epoll >= 0 && bell >= 0);
  epoll_event event{};
  event.events = EPOLLIN;
  epoll_ctl(epoll, EPOLL_CTL_ADD, bell, &event);
  thread = std::thread([this] { loop(); });
  pthread_setname_np(thread.native_handle(), "redis");
}

RedisClient::State::~State() {
  {
    std::lock_guard lock(mutex);
    is_stopping = true;
  }
  wake();
  thread.join();
  close(bell);
  close(epoll);
}

void RedisClient::State::wake() const noexcept {
  const std::uint64_t one = 1;
  if (write(bell, &one, sizeof one) < 0) return;  // full: it has been rung
}

void RedisClient::State::post(RedisCommand command) {
  if (connected.load(std::memory_order_relaxed) == 0) {
    return command.done(fail(Code::kUnavailable, "redis.unavailable", "Redis is not connected"));
  }
  command.deadline = std::chrono::steady_clock::now() + options.time_limit;
  bool is_first = false;
  {
    std::lock_guard lock(mutex);
    is_first = posted.empty();
    posted.push_back(std::move(command));
  }
  if (is_first) wake();
}

bool RedisClient::State::take(std::vector<RedisCommand>& commands) {
  commands.clear();
  std::lock_guard lock(mutex);
  commands.swap(posted);
  return !is_stopping;
}

void RedisClient::State::loop() {
  for (unsigned i = 0; i < std::max(1U, options.connections); ++i) {
    connections.push_back(std::make_unique<RedisConnection>(options, epoll, [this](bool is_ready) {
      is_ready ? connected.fetch_add(1, std::memory_order_relaxed) : connected.fetch_sub(1, std::memory_order_relaxed);
    }));
  }
  std::vector<RedisCommand> commands;
  bool goes_on = true;
  while (goes_on) {
    goes_on = take(commands);
    for (RedisCommand& command : commands) {
      const std::size_t hash = std::hash<std::string>{}(command.words[1]);  // one key keeps to one connection
      connections[hash % connections.size()]->send(std::move(command));
    }
    Monotonic next = Monotonic::max();
    for (const auto& connection : connections) connection->flush();
    const Monotonic now = std::chrono::steady_clock::now();
    for (const auto& connection : connections) next = std::min(next, connection->tick(now));
    if (goes_on) wait(next);
  }
  connections.clear();
}

void RedisClient::State::wait(Monotonic until) {
  using std::chrono::milliseconds;
  int timeout_ms = -1;
  if (until != Monotonic::max()) {
    const auto rest = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    timeout_ms = static_cast<int>(std::max(milliseconds(0), rest).count());
  }
  std::array<epoll_event, 16> events{};
  const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr != nullptr) {
      static_cast<RedisConnection*>(event.data.ptr)->on_events(event.events);
      continue;
    }
    std::uint64_t rung = 0;
    if (read(bell, &rung, sizeof rung) < 0) continue;
  }
}

RedisClient::RedisClient(RedisOptions options) : state_(std::make_unique<State>(std::move(options))) {}
RedisClient::~RedisClient() = default;

void RedisClient::get(std::string key, std::function<void(Value)> done) {
  state_->post({{"GET", std::move(key)}, std::move(done), {}});
}

void RedisClient::set(std::string key, std::string value, std::chrono::milliseconds keep,
                      std::function<void(Value)> done) {
  state_->post({{"SET", std::move(key), std::move(value), "PX", std::to_string(keep.count())}, std::move(done), {}});
}

std::size_t RedisClient::connected() const noexcept { return state_->connected.load(std::memory_order_relaxed); }

}  // namespace slipway
