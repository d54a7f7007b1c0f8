#include "loadtest/load.h"

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <thread>

namespace slipway::loadtest {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;
using tcp = asio::ip::tcp;
using Parser = http::response_parser<http::string_body>;

constexpr std::uint64_t kReplyBytesMax = 256u << 20;
constexpr std::size_t kErrorKindsMax = 64;
constexpr auto kReconnectPause = std::chrono::milliseconds(10);
constexpr auto kStopCheckEvery = std::chrono::milliseconds(50);

std::uint64_t nanoseconds_between(Clock::time_point from, Clock::time_point to) noexcept {
  return to <= from ? 0 : static_cast<std::uint64_t>((to - from).count());
}

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
  Clock::time_point due;
  Clock::time_point sent;
  const Request* request = nullptr;  // the one in flight
};

// The connections of one thread, all on its own event loop.
class Worker {
 public:
  Worker(const std::vector<Request>& requests, const LoadSettings& settings,
         const tcp::resolver::results_type& addresses, std::size_t index, Clock::time_point start)
      : requests_(requests),
        settings_(settings),
        addresses_(addresses),
        next_request_(index),
        start_(start),
        measured_from_(start + settings.warmup),
        end_(measured_from_ + settings.duration) {
    const std::size_t extra = index < settings.connections % settings.threads ? 1 : 0;
    for (std::size_t i = 0; i < settings.connections / settings.threads + extra; ++i) {
      connections_.push_back(std::make_unique<Connection>(context_));
    }
    if (settings.rate_per_s > 0) {
      schedule_.emplace(settings.arrivals, settings.rate_per_s / static_cast<double>(settings.threads),
                        settings.seed + index);
    }
  }

  void run() {
    for (auto& connection : connections_) connect(*connection);
    check_end();
    context_.run();
    finish();
  }

  LoadResult result;

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
    if (Clock::now() >= end_ && !is_due(end_)) return;
    connection.pause.expires_after(kReconnectPause);
    connection.pause.async_wait([&](auto error) {
      if (!error) connect(connection);
    });
  }

  // A connection that failed: its request, if any, is an error; a refused attempt counts too, once the measurement
  // runs.
  void lose(Connection& connection) {
    if (is_over_) return;
    const Clock::time_point now = Clock::now();
    const bool has_request = connection.request != nullptr;
    connection.request = nullptr;
    if (is_measured(has_request ? connection.due : now)) {
      count_error("connection");
      if (has_request) result.latency.add(nanoseconds_between(connection.due, now));
    }
    reconnect_later(connection);
  }

  bool is_measured(Clock::time_point due) const noexcept { return due >= measured_from_ && due < end_; }

  void count_error(const std::string& kind) {
    const bool has_room = result.errors.size() < kErrorKindsMax || result.errors.contains(kind);
    ++result.errors[has_room ? kind : "other"];
  }

  Clock::time_point next_due() const {
    return start_ + std::chrono::nanoseconds(static_cast<std::int64_t>(schedule_->due_ns()));
  }
  // An open loop's next request was due at `now` or before, and before the end.
  bool is_due(Clock::time_point now) const { return schedule_ && next_due() <= now && next_due() < end_; }

  void become_idle(Connection& connection) {
    const Clock::time_point now = Clock::now();
    if (schedule_) {
      idle_.push_back(&connection);
      return send_due();
    }
    if (now < end_) send(connection, now, now);
  }

  // Requests that are due go out in order as far as there are idle connections; the timer waits for the next.
  void send_due() {
    while (!idle_.empty()) {
      const Clock::time_point now = Clock::now();
      if (!is_due(now)) break;
      Connection& connection = *idle_.back();
      idle_.pop_back();
      const Clock::time_point due = next_due();
      schedule_->advance();
      send(connection, due, now);
    }
    if (idle_.empty() || next_due() >= end_ || timer_at_ == next_due()) return;
    timer_at_ = next_due();
    timer_.expires_at(timer_at_);
    timer_.async_wait([this](auto error) {
      if (!error) send_due();
    });
  }

  void send(Connection& connection, Clock::time_point due, Clock::time_point now) {
    connection.request = &requests_[next_request_++ % requests_.size()];
    connection.due = due;
    connection.sent = now;
    asio::async_write(connection.socket, asio::buffer(connection.request->bytes), [&](auto error, std::size_t) {
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
    if (is_measured(connection.due)) {
      const Clock::time_point now = Clock::now();
      result.latency.add(nanoseconds_between(connection.due, now));
      result.service.add(nanoseconds_between(connection.sent, now));
      result.bytes_sent += connection.request->bytes.size();
      result.bytes_received += bytes;
      if (answer.result_int() == 200) {
        ++result.succeeded;
        result.rows += connection.request->rows;
      } else {
        count_error(error_kind(answer.result_int(), answer.body()));
      }
    }
    connection.request = nullptr;
    if (!answer.keep_alive()) return reconnect_later(connection);
    become_idle(connection);
  }

  // Ends the loop when nothing more can come, or the grace is over.
  void check_end() {
    const Clock::time_point now = Clock::now();
    if (now < end_ && settings_.is_stopped && settings_.is_stopped()) {
      end_ = now;
      give_up_ = now;  // who interrupts does not want to wait
    }
    const bool is_busy = std::any_of(connections_.begin(), connections_.end(),
                                     [](const auto& connection) { return connection->request != nullptr; });
    const bool may_come = is_busy || is_due(end_);
    if (now >= end_ && (!may_come || now >= give_up_)) {
      is_over_ = true;
      return context_.stop();
    }
    if (now >= end_ && settings_.is_stopped && settings_.is_stopped()) give_up_ = now;
    stop_check_.expires_after(kStopCheckEvery);
    stop_check_.async_wait([this](auto) { check_end(); });
  }

  void finish() {
    const Clock::time_point now = Clock::now();
    const auto count_unanswered = [&](Clock::time_point due) {
      if (!is_measured(due)) return;
      count_error("no_answer");
      result.latency.add(nanoseconds_between(due, now));
    };
    for (const auto& connection : connections_) {
      if (connection->request != nullptr) count_unanswered(connection->due);
    }
    for (; is_due(end_); schedule_->advance()) count_unanswered(next_due());
    result.seconds = static_cast<double>(nanoseconds_between(measured_from_, end_)) * 1e-9;
  }

  const std::vector<Request>& requests_;
  const LoadSettings& settings_;
  const tcp::resolver::results_type& addresses_;
  std::size_t next_request_;
  Clock::time_point start_;
  Clock::time_point measured_from_;
  Clock::time_point end_;
  Clock::time_point give_up_ = end_ + settings_.grace;
  asio::io_context context_{1};
  asio::steady_timer timer_{context_};
  asio::steady_timer stop_check_{context_};
  Clock::time_point timer_at_;
  std::optional<ArrivalSchedule> schedule_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  bool is_over_ = false;
};

void merge(LoadResult& into, const LoadResult& from) {
  into.latency.merge(from.latency);
  into.service.merge(from.service);
  into.succeeded += from.succeeded;
  into.rows += from.rows;
  into.bytes_sent += from.bytes_sent;
  into.bytes_received += from.bytes_received;
  for (const auto& [kind, count] : from.errors) into.errors[kind] += count;
  into.seconds = std::max(into.seconds, from.seconds);
}

}  // namespace

std::uint64_t LoadResult::failed() const noexcept {
  std::uint64_t total = 0;
  for (const auto& [kind, count] : errors) total += count;
  return total;
}

Result<LoadResult> run_load(const std::vector<Request>& requests, const LoadSettings& settings) {
  if (requests.empty() || settings.threads == 0 || settings.connections < settings.threads) {
    return fail(Code::kInvalidArgument, "bench.settings", "needs a request, and a connection for each thread");
  }
  asio::io_context context;
  boost::system::error_code error;
  const auto addresses = tcp::resolver(context).resolve(settings.host, settings.port, error);
  if (error) return fail(Code::kUnavailable, "bench.unreachable", settings.host + ": " + error.message());
  const Clock::time_point start = Clock::now();
  std::vector<std::unique_ptr<Worker>> workers;
  for (std::size_t i = 0; i < settings.threads; ++i) {
    workers.push_back(std::make_unique<Worker>(requests, settings, addresses, i, start));
  }
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < workers.size(); ++i) threads.emplace_back([&, i] { workers[i]->run(); });
  workers[0]->run();
  threads.clear();  // joins
  LoadResult total;
  for (const auto& worker : workers) merge(total, worker->result);
  return total;
}

}  // namespace slipway::loadtest
