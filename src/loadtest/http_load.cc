#include <algorithm>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <memory>

#include "loadtest/pace.h"

namespace slipway::loadtest {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Clock = Pace::Clock;
using tcp = asio::ip::tcp;
using Parser = http::response_parser<http::string_body>;

constexpr std::uint64_t kReplyBytesMax = 256u << 20;
constexpr auto kReconnectPause = std::chrono::milliseconds(10);
constexpr auto kEndCheckEvery = std::chrono::milliseconds(50);

// "503 admission.full"; the status alone when the body gives no reason.
std::string error_kind(unsigned status, const std::string& body) {
  std::string kind = std::to_string(status);
  boost::system::error_code error;
  const auto value = boost::json::parse(body, error);
  if (error || !value.is_object()) return kind;
  const auto* reason = value.as_object().if_contains("reason");
  if (reason == nullptr || !reason->is_string()) return kind;
  return kind.append(" ").append(std::string_view(reason->as_string()).substr(0, 80));
}

struct Connection {
  explicit Connection(asio::io_context& context) : socket(context), pause(context) {}
  tcp::socket socket;
  asio::steady_timer pause;  // before connecting again
  boost::beast::flat_buffer buffer;
  std::optional<Parser> parser;
  std::optional<Pace::Sent> sent;  // what is on its way
};

// The connections of one thread, all on its own event loop.
class Worker {
 public:
  Worker(Pace pace, const tcp::resolver::results_type& addresses) : pace_(std::move(pace)), addresses_(addresses) {
    for (std::size_t i = 0; i < pace_.connections(); ++i) {
      connections_.push_back(std::make_unique<Connection>(context_));
    }
  }

  LoadResult run() {
    for (auto& connection : connections_) connect(*connection);
    check_end();
    context_.run();
    std::vector<Pace::Sent> unanswered;
    for (const auto& connection : connections_) {
      if (connection->sent) unanswered.push_back(*connection->sent);
    }
    return pace_.finish(unanswered, Clock::now());
  }

 private:
  void connect(Connection& connection) {
    asio::async_connect(connection.socket, addresses_, [&](auto error, const auto&) {
      if (error) return lose(connection);
      boost::system::error_code ignored;
      connection.socket.set_option(tcp::no_delay(true), ignored);
      become_idle(connection);
    });
  }

  void reconnect_later(Connection& connection) {
    boost::system::error_code ignored;
    connection.socket.close(ignored);
    connection.buffer.clear();
    if (Clock::now() >= pace_.end() && !pace_.is_behind()) return;
    connection.pause.expires_after(kReconnectPause);
    connection.pause.async_wait([&](auto error) {
      if (!error) connect(connection);
    });
  }

  void lose(Connection& connection) {
    if (is_over_) return;
    pace_.lose(connection.sent, Clock::now());
    connection.sent.reset();
    reconnect_later(connection);
  }

  void become_idle(Connection& connection) {
    idle_.push_back(&connection);
    send_due();
  }

  // Requests that are due go out in order as far as there are idle connections; the timer waits for the next.
  void send_due() {
    while (!idle_.empty()) {
      const auto next = pace_.next(Clock::now());
      if (!next) break;
      Connection& connection = *idle_.back();
      idle_.pop_back();
      connection.sent = next;
      send(connection);
    }
    const auto due = pace_.next_due();
    if (idle_.empty() || !due || timer_at_ == *due) return;
    timer_at_ = *due;
    timer_.expires_at(timer_at_);
    timer_.async_wait([this](auto error) {
      if (!error) send_due();
    });
  }

  void send(Connection& connection) {
    const std::string& bytes = connection.sent->request->bytes;
    asio::async_write(connection.socket, asio::buffer(bytes), [&](auto error, std::size_t) {
      if (error) return lose(connection);
      read(connection);
    });
  }

  void read(Connection& connection) {
    connection.parser.emplace();
    connection.parser->body_limit(kReplyBytesMax);
    http::async_read(connection.socket, connection.buffer, *connection.parser, [&](auto error, std::size_t bytes) {
      if (error) return lose(connection);
      receive(connection, bytes);
    });
  }

  void receive(Connection& connection, std::size_t bytes) {
    const auto& answer = connection.parser->get();
    const auto now = Clock::now();
    if (answer.result_int() == 200) {
      pace_.succeed(*connection.sent, now, bytes);
    } else {
      pace_.fail(*connection.sent, now, bytes, error_kind(answer.result_int(), answer.body()));
    }
    connection.sent.reset();
    if (!answer.keep_alive()) return reconnect_later(connection);
    become_idle(connection);
  }

  void check_end() {
    const bool is_busy =
        std::any_of(connections_.begin(), connections_.end(), [](const auto& each) { return each->sent.has_value(); });
    if (pace_.is_over(Clock::now(), is_busy)) {
      is_over_ = true;
      return context_.stop();
    }
    end_check_.expires_after(kEndCheckEvery);
    end_check_.async_wait([this](auto) { check_end(); });
  }

  Pace pace_;
  const tcp::resolver::results_type& addresses_;
  asio::io_context context_{1};
  asio::steady_timer timer_{context_};
  asio::steady_timer end_check_{context_};
  Clock::time_point timer_at_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  bool is_over_ = false;
};

}  // namespace

Result<LoadResult> run_http_load(const std::vector<Request>& requests, const LoadSettings& settings) {
  SLIPWAY_CHECK(check(requests, settings));
  asio::io_context context;
  boost::system::error_code error;
  const auto addresses = tcp::resolver(context).resolve(settings.host, settings.port, error);
  if (error) return fail(Code::kUnavailable, "bench.unreachable", settings.host + ": " + error.message());
  const Clock::time_point start = Clock::now();
  return run_threads(settings.threads, [&](std::size_t thread) {
    return Worker(Pace(requests, settings, thread, start), addresses).run();
  });
}

}  // namespace slipway::loadtest
