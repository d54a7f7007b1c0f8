#include "protocol/remote/client.h"

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "protocol/remote/connection.h"
#include "protocol/remote/metrics.h"

namespace slipway {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using ConnectionPointer = std::shared_ptr<RemoteConnection>;

constexpr std::chrono::milliseconds kConnectMax{2'000};
constexpr std::chrono::seconds kTick{1};

Monotonic now() { return std::chrono::steady_clock::now(); }

std::string key_of(const RemoteOrigin& origin) { return (origin.is_tls ? "https://" : "http://") + origin.authority(); }

std::string milliseconds_text(Monotonic::duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) + " ms";
}

// What one caller waits for. It is answered at its deadline whatever the connection does.
struct Call : std::enable_shared_from_this<Call> {
  enum class Phase { kConnect, kFirstByte, kRest };

  Call(asio::io_context& context, RemoteRequest asked, Monotonic until, std::function<void(Result<RemoteReply>)> then)
      : request(std::move(asked)), deadline(until), done(std::move(then)), timer(context) {}

  void enter(Phase next) {
    phase = next;
    const Monotonic::duration left = deadline - now();
    limit = phase == Phase::kConnect     ? std::min<Monotonic::duration>(left / 2, kConnectMax)
            : phase == Phase::kFirstByte ? left - left / 10
                                         : left;
    timer.expires_after(limit);
    timer.async_wait([self = shared_from_this()](error_code cancelled) {
      if (!cancelled) self->expire();
    });
  }

  void expire() {
    const std::string name = "the remote " + request.origin.authority();
    if (phase == Phase::kConnect) {
      finish(fail(Code::kUnavailable, "remote.unreachable",
                  name + " accepted no connection within " + milliseconds_text(limit)));
    } else {
      finish(fail(
          Code::kDeadlineExceeded, "remote.deadline",
          name + (phase == Phase::kFirstByte ? " did not begin to answer within " : " did not end its answer within ") +
              milliseconds_text(limit)));
    }
    if (connection) connection->close();
  }

  void finish(Result<RemoteReply> result) {
    if (!done) return;
    timer.cancel();
    const auto answer = std::exchange(done, nullptr);
    on_finish(result);
    answer(std::move(result));
  }

  const RemoteRequest request;
  const Monotonic deadline;
  std::function<void(Result<RemoteReply>)> done;  // empty: it was called
  std::function<void(const Result<RemoteReply>&)> on_finish;
  asio::steady_timer timer;
  Phase phase = Phase::kConnect;
  Monotonic::duration limit{};
  ConnectionPointer connection;
};

// Of one origin.
struct Pool {
  std::vector<ConnectionPointer> idle;  // the one used last at the end
  std::size_t open = 0;                 // busy and idle
  RemoteOriginMetrics metrics;
};

}  // namespace

class RemoteClient::Loop {
 public:
  Loop(RemoteClientOptions options, metrics::Registry& registry)
      : options_(std::move(options)), metrics_(registry), tls_(asio::ssl::context::tls_client) {}

  Status prepare() {
    error_code error;
    tls_.set_options(
        asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
    if (options_.ca_file.empty()) {
      tls_.set_default_verify_paths(error);
    } else {
      tls_.load_verify_file(options_.ca_file, error);
    }
    if (!error) return {};
    return fail(Code::kInvalidArgument, "remote.bad_ca_file",
                "--remote-ca: " + options_.ca_file + " cannot be read: " + error.message());
  }

  void start() {
    thread_ = std::thread([this] {
      each_second_later();
      context_.run();
    });
  }

  void stop() {
    if (is_stopped_.exchange(true)) return;
    asio::post(context_, [this] {
      is_stopping_ = true;
      tick_timer_.cancel();
      for (auto& [key, pool] : pools_) pool.idle.clear();
      const auto calls = calls_;
      for (const auto& call : calls) {
        call->finish(fail(Code::kUnavailable, "remote.unreachable", "the server stops"));
        if (call->connection) call->connection->close();
      }
      work_.reset();
    });
    if (thread_.joinable()) thread_.join();
    context_.restart();
    context_.poll();  // what was sent meanwhile
  }

  void each_second(const std::shared_ptr<RemoteTick>& work) {
    asio::post(context_, [this, work] {
      if (is_stopping_) return;
      ticks_.push_back(work);
      work->tick();
    });
  }

  void send(RemoteRequest request, Monotonic deadline, std::function<void(Result<RemoteReply>)> done) {
    if (is_stopped_.load()) {
      return done(fail(Code::kUnavailable, "remote.unreachable", "the server stops"));
    }
    auto call = std::make_shared<Call>(context_, std::move(request), deadline, std::move(done));
    asio::post(context_, [this, call = std::move(call)] {
      calls_.insert(call);
      slipway::start(run(call), [this, call](bool) { calls_.erase(call); });
    });
  }

 private:
  Pool& pool_of(const RemoteOrigin& origin) {
    const auto [found, is_new] = pools_.try_emplace(key_of(origin));
    if (is_new) found->second.metrics = metrics_.of(origin.authority());
    return found->second;
  }

  // Null where none is open that can be used.
  static ConnectionPointer take_idle(Pool& pool) {
    while (!pool.idle.empty()) {
      ConnectionPointer connection = std::move(pool.idle.back());
      pool.idle.pop_back();
      if (connection->is_still_open()) return connection;
    }
    return nullptr;
  }

  // Counted until the last who holds it lets go.
  ConnectionPointer open(Pool& pool, const RemoteOrigin& origin) {
    ++pool.open;
    pool.metrics.connections.add(1);
    pool.metrics.opened.add();
    auto* made = new RemoteConnection(context_, origin.is_tls ? &tls_ : nullptr, origin);
    return {made, [&pool](RemoteConnection* closed) {
              delete closed;
              --pool.open;
              pool.metrics.connections.add(-1);
            }};
  }

  // The call is answered when it has its value.
  Task<bool> run(std::shared_ptr<Call> call) {
    const RemoteRequest& request = call->request;
    Pool& pool = pool_of(request.origin);
    call->on_finish = [&pool, began = now()](const Result<RemoteReply>& result) {
      pool.metrics.count(result, now() - began);
    };
    if (is_stopping_) {
      call->finish(fail(Code::kUnavailable, "remote.unreachable", "the server stops"));
      co_return true;
    }
    ConnectionPointer connection = take_idle(pool);
    bool is_reused = connection != nullptr;
    while (true) {
      if (connection == nullptr) {
        if (pool.open >= options_.connections_max) {
          call->finish(fail(Code::kUnavailable, "remote.busy",
                            "all " + std::to_string(options_.connections_max) + " connections to the remote " +
                                request.origin.authority() + " are in use"));
          co_return true;
        }
        connection = open(pool, request.origin);
        call->connection = connection;
        call->enter(Call::Phase::kConnect);
        Status connected = co_await connection->connect();
        if (!connected) {
          call->finish(fail(std::move(connected).error()));
          co_return true;
        }
      }
      call->connection = connection;
      call->enter(Call::Phase::kFirstByte);
      auto reply = co_await connection->exchange(request, options_.answer_bytes_max, [call = call.get()] {
        if (call->done) call->enter(Call::Phase::kRest);
      });
      if (!call->done) co_return true;
      const bool is_stale = !reply && is_reused && !connection->has_received();
      if (is_stale) {
        pool.idle.clear();  // as old as it, or older
        connection.reset();
        is_reused = false;
        continue;
      }
      if (connection->is_reusable() && !is_stopping_) {
        connection->idle_since = now();
        pool.idle.push_back(std::move(connection));
      }
      call->connection.reset();
      call->finish(std::move(reply));
      co_return true;
    }
  }

  void each_second_later() {
    tick_timer_.expires_after(kTick);
    tick_timer_.async_wait([this](error_code cancelled) {
      if (cancelled || is_stopping_) return;
      for (auto& [key, pool] : pools_) {
        std::erase_if(pool.idle, [this](const ConnectionPointer& connection) {
          return now() - connection->idle_since > options_.idle_max || !connection->is_still_open();
        });
      }
      for (const auto& weak : std::vector(ticks_)) {
        if (const auto work = weak.lock()) work->tick();
      }
      std::erase_if(ticks_, [](const auto& weak) { return weak.expired(); });
      each_second_later();
    });
  }

  const RemoteClientOptions options_;
  RemoteMetrics metrics_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  asio::ssl::context tls_;
  asio::steady_timer tick_timer_{context_};
  std::map<std::string, Pool> pools_;
  std::set<std::shared_ptr<Call>> calls_;
  std::vector<std::weak_ptr<RemoteTick>> ticks_;
  bool is_stopping_ = false;             // as the thread knows it
  std::atomic<bool> is_stopped_{false};  // as others do
  std::thread thread_;
};

RemoteClient::RemoteClient(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
RemoteClient::~RemoteClient() { loop_->stop(); }
void RemoteClient::stop() { loop_->stop(); }
void RemoteClient::each_second(const std::shared_ptr<RemoteTick>& work) { loop_->each_second(work); }

Result<std::unique_ptr<RemoteClient>> RemoteClient::start(RemoteClientOptions options, metrics::Registry& registry) {
  auto loop = std::make_unique<Loop>(std::move(options), registry);
  SLIPWAY_CHECK(loop->prepare());
  loop->start();
  return std::unique_ptr<RemoteClient>(new RemoteClient(std::move(loop)));
}

void RemoteClient::send(RemoteRequest request, Monotonic deadline, std::function<void(Result<RemoteReply>)> done) {
  loop_->send(std::move(request), deadline, std::move(done));
}

}  // namespace slipway
