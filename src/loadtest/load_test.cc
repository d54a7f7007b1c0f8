#include "loadtest/load.h"

#include <atomic>
#include <boost/asio.hpp>
#include <gtest/gtest.h>
#include <thread>

namespace slipway::loadtest {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
const std::string kRequest = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";

// Answers kRequest on one connection at a time, with `answer`; stands still once, for `stall`, before answer
// `stall_at`.
class OneConnectionServer {
 public:
  explicit OneConnectionServer(std::string answer, int stall_at = -1, std::chrono::milliseconds stall = 0ms)
      : thread_([this, answer = std::move(answer), stall_at, stall] {
          asio::ip::tcp::socket socket(context_);
          boost::system::error_code error;
          acceptor_.accept(socket, error);
          std::string request(kRequest.size(), '\0');
          for (int i = 0; !error; ++i) {
            asio::read(socket, asio::buffer(request), error);
            if (error) return;
            if (i == stall_at) std::this_thread::sleep_for(stall);
            asio::write(socket, asio::buffer(answer), error);
          }
        }) {}
  std::string port() const { return std::to_string(acceptor_.local_endpoint().port()); }

 private:
  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
  std::jthread thread_;
};

LoadSettings settings_for(const OneConnectionServer& server) {
  LoadSettings settings;
  settings.host = "127.0.0.1";
  settings.port = server.port();
  settings.connections = 1;
  settings.duration = 200ms;
  settings.grace = 10s;
  return settings;
}

const std::string kDone = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

TEST(Load, ClosedLoopCountsAnswersRowsAndBytes) {
  const OneConnectionServer server(kDone);
  const auto result = run_http_load({{kRequest, 3}}, settings_for(server));
  ASSERT_TRUE(result);
  EXPECT_GT(result->succeeded, 0);
  EXPECT_EQ(result->failed(), 0);
  EXPECT_EQ(result->rows, 3 * result->succeeded);
  EXPECT_EQ(result->bytes_sent, kRequest.size() * result->succeeded);
  EXPECT_EQ(result->bytes_received, kDone.size() * result->succeeded);
  EXPECT_EQ(result->service.count(), result->succeeded);
}

TEST(Load, ErrorsAreCountedByStatusAndReason) {
  const OneConnectionServer server("HTTP/1.1 503 X\r\nContent-Length: 27\r\n\r\n{\"reason\":\"admission.full\"}");
  const auto result = run_http_load({{kRequest, 1}}, settings_for(server));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->succeeded, 0);
  ASSERT_EQ(result->errors.size(), 1);
  EXPECT_EQ(result->errors.begin()->first, "503 admission.full");
}

TEST(Load, ChunkedAnswersAreRead) {
  const OneConnectionServer server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
  const auto result = run_http_load({{kRequest, 1}}, settings_for(server));
  ASSERT_TRUE(result);
  EXPECT_GT(result->succeeded, 1);
  EXPECT_EQ(result->failed(), 0);
}

TEST(Load, OpenLoopSendsEveryRequestThatIsDue) {
  const OneConnectionServer server(kDone);
  LoadSettings settings = settings_for(server);
  settings.rate_per_s = 500;
  settings.arrivals = Arrivals::kConstant;
  const auto result = run_http_load({{kRequest, 1}}, settings);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->succeeded, 100);
}

// A stall of 500 ms delays the 100 requests due in it; one request alone was in flight, and the service time knows no
// more. The slowest 20 waited for at least 400 ms, however fast the machine is.
TEST(Load, AStallIsNotForgivenInAnOpenLoop) {
  const OneConnectionServer server(kDone, 200, 500ms);
  LoadSettings settings = settings_for(server);
  settings.duration = 2s;
  settings.rate_per_s = 200;
  settings.arrivals = Arrivals::kConstant;
  const auto result = run_http_load({{kRequest, 1}}, settings);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->succeeded, 400);
  EXPECT_GT(result->latency.quantile_ns(0.96), 350e6);
  EXPECT_LT(result->service.quantile_ns(0.96), result->latency.quantile_ns(0.96));
}

TEST(Load, WhatIsNeverAnsweredIsCounted) {
  const OneConnectionServer server(kDone, 0, 1s);
  LoadSettings settings = settings_for(server);
  settings.rate_per_s = 100;
  settings.arrivals = Arrivals::kConstant;
  settings.grace = 0s;
  const auto result = run_http_load({{kRequest, 1}}, settings);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->errors.at("no_answer"), 20);
  EXPECT_EQ(result->latency.count(), 20);
}

TEST(Load, StopsWhenAsked) {
  const OneConnectionServer server(kDone);
  LoadSettings settings = settings_for(server);
  settings.duration = 1h;
  settings.is_stopped = [] { return true; };
  ASSERT_TRUE(run_http_load({{kRequest, 1}}, settings));
}

TEST(Load, NeedsARequestAndAConnectionForEachThread) {
  LoadSettings settings;
  EXPECT_FALSE(run_http_load({}, settings));
  settings.threads = 17;
  EXPECT_FALSE(run_http_load({{kRequest, 1}}, settings));
}

}  // namespace
}  // namespace slipway::loadtest
