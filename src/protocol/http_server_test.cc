#include "protocol/http_server.h"

#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_server_test.h"

namespace slipway {
namespace {

using testing::HasSubstr;

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  TestServer server;
  RawClient client(server.server->port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send(get("/hello")));
    const RawResponse response = client.receive();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "hello");
    EXPECT_TRUE(response.has("X-Content-Type-Options: nosniff"));
    EXPECT_TRUE(response.has("Slipway-Request-Id: "));
    EXPECT_TRUE(response.has("Date: "));
  }
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  TestServer server;
  RawClient client(server.server->port());
  std::string all;
  for (int i = 0; i < 50; ++i)
    all += i % 2 == 0 ? get("/models/m" + std::to_string(i)) : post("/echo", std::to_string(i));
  all += get("/blocking") + get("/hello");
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.receive().body, (i % 2 == 0 ? "m" : "") + std::to_string(i));
  EXPECT_EQ(client.receive().body.size(), 36U);
  EXPECT_EQ(client.receive().body, "hello");
}

TEST(HttpServer, RequestsThatTakeLongDoNotKeepQuickOnesWaiting) {
  TestServer server;
  const int more_than_threads = 5;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < more_than_threads; ++i) {
    clients.push_back(std::make_unique<RawClient>(server.server->port()));
    ASSERT_TRUE(clients.back()->send(get("/heavy")));
  }
  ASSERT_TRUE(TestServer::eventually([&] { return server.heavy_running() == 2; })) << "the default of heavy_threads";
  EXPECT_EQ(server.ask(get("/blocking")).status, 200);
  EXPECT_EQ(server.heavy_running(), 2);
  server.finish_heavy(more_than_threads);
  for (const auto& client : clients) EXPECT_EQ(client->receive().body, "done");
}

TEST(HttpServer, ReadsARequestOfSingleBytes) {
  TestServer server;
  RawClient client(server.server->port());
  for (const char byte : post("/echo", "slow")) ASSERT_TRUE(client.send({&byte, 1}));
  EXPECT_EQ(client.receive().body, "slow");
}

TEST(HttpServer, ReadsChunkedBodies) {
  TestServer server;
  std::string body;
  std::string chunks;
  for (int i = 0; i < 500; ++i) {
    body += static_cast<char>('a' + i % 26);
    chunks += "1\r\n" + body.substr(body.size() - 1) + "\r\n";
  }
  const std::string head = "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send(head + chunks + "5;name=value\r\nhello\r\n0\r\nTrailer: x\r\n\r\n" + get("/hello")));
  EXPECT_EQ(client.receive().body, body + "hello");
  EXPECT_EQ(client.receive().body, "hello");
}

TEST(HttpServer, ReadsALargeBody) {
  TestServer server;
  std::string body(1 << 20, 'a');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 % 251);
  EXPECT_EQ(server.ask(post("/echo", body)).body, body);
}

TEST(HttpServer, RefusesALargeBodyBeforeReadingIt) {
  TestServer server;
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1048577\r\n\r\n"));
  const RawResponse response = client.receive();
  EXPECT_EQ(response.status, 413);
  EXPECT_TRUE(response.has("Connection: close"));
  client.finish_sending();
  EXPECT_TRUE(client.is_closed());
}

TEST(HttpServer, ContinuesWhenAsked) {
  TestServer server;
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_EQ(client.receive().status, 100);
  ASSERT_TRUE(client.send("ok"));
  EXPECT_EQ(client.receive().body, "ok");
  EXPECT_EQ(
      server.ask("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n").status,
      413);
  EXPECT_EQ(server.ask("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: magic\r\n\r\n").status, 417);
}

TEST(HttpServer, AnswersHeadOptionsAndWrongMethods) {
  TestServer server;
  const RawResponse head = server.ask("HEAD /hello HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(head.status, 200);
  EXPECT_TRUE(head.has("Content-Length: 5"));
  EXPECT_EQ(head.body, "");
  const RawResponse options = server.ask("OPTIONS /secret HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(options.status, 204);
  EXPECT_TRUE(options.has("Allow: GET, HEAD, POST, OPTIONS"));
  const RawResponse wrong = server.ask("DELETE /hello HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_TRUE(wrong.has("Allow: GET, HEAD, OPTIONS"));
  EXPECT_EQ(server.ask(get("/nothing")).status, 404);
  EXPECT_EQ(server.ask("BREW /hello HTTP/1.1\r\nHost: t\r\n\r\n").status, 501);
}

TEST(HttpServer, AsksTheGateBeforeItReadsTheBody) {
  TestServer server;
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send("POST /secret HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n"));
  const RawResponse refused = client.receive();
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(refused.has("WWW-Authenticate: Bearer"));
  EXPECT_THAT(refused.body, HasSubstr("access.no_key"));
  EXPECT_EQ(server.ask(get("/secret", "Authorization: Bearer bad\r\n")).status, 403);
  EXPECT_EQ(server.ask(get("/secret", "Authorization: Bearer good\r\n")).body, "ada");
}

TEST(HttpServer, KeepsTheConnectionAfterARefusalWhoseBodyIsHere) {
  TestServer server;
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send(post("/secret", "small") + get("/hello")));
  EXPECT_EQ(client.receive().status, 401);
  EXPECT_EQ(client.receive().body, "hello");
}

TEST(HttpServer, SpeaksHttp10) {
  TestServer server;
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send("GET /hello HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(client.receive().body, "hello");
  EXPECT_TRUE(client.is_closed());
}

TEST(HttpServer, ResumesASuspendedHandlerOnItsThread) {
  TestServer server;
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send(get("/suspended") + get("/hello")));
  ASSERT_TRUE(TestServer::eventually([&] { return server.suspended() == 1; }));
  EXPECT_EQ(server.server->in_flight(), 1U);
  server.resume_all();
  EXPECT_EQ(client.receive().body, "resumed 1");
  EXPECT_EQ(client.receive().body, "hello");
}

TEST(HttpServer, SurvivesAClientThatLeavesWhileItsHandlerIsSuspended) {
  TestServer server;
  for (int i = 0; i < 20; ++i) {
    RawClient client(server.server->port());
    ASSERT_TRUE(client.send(get("/suspended")));
    ASSERT_TRUE(TestServer::eventually([&] { return server.suspended() == static_cast<std::size_t>(i) + 1; }));
  }
  EXPECT_EQ(server.resume_all(), 20U);
  EXPECT_TRUE(
      TestServer::eventually([&] { return server.server->in_flight() == 0 && server.server->connections() == 0; }));
  EXPECT_EQ(server.ask(get("/hello")).body, "hello");
}

TEST(HttpServer, RefusesOverTheLimitOfRequestsInFlight) {
  HttpServerOptions options;
  options.limits.in_flight_max = 1;
  TestServer server(std::move(options));
  RawClient first(server.server->port());
  ASSERT_TRUE(first.send(get("/suspended")));
  ASSERT_TRUE(TestServer::eventually([&] { return server.suspended() == 1; }));
  const RawResponse refused = server.ask(get("/hello"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.has("Retry-After: 1"));
  server.resume_all();
  EXPECT_EQ(first.receive().body, "resumed 1");
}

TEST(HttpServer, RefusesOverTheLimitOfConnections) {
  HttpServerOptions options;
  options.limits.connections_max = 1;
  TestServer server(std::move(options));
  RawClient first(server.server->port());
  ASSERT_TRUE(first.send(get("/hello")));
  EXPECT_EQ(first.receive().status, 200);
  const RawResponse refused = server.ask(get("/hello"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, HasSubstr("http.connections_max"));
}

TEST(HttpServer, LimitsTheConnectionsOfOneAddress) {
  HttpServerOptions options;
  options.limits.connections_per_address_max = 1;
  TestServer server(std::move(options));
  {
    RawClient first(server.server->port());
    ASSERT_TRUE(first.send(get("/hello")));
    EXPECT_EQ(first.receive().status, 200);
    const RawResponse refused = server.ask(get("/hello"));
    EXPECT_EQ(refused.status, 503);
    EXPECT_TRUE(refused.has("Retry-After: 1"));
    EXPECT_THAT(refused.body, HasSubstr("http.connections_per_address_max"));
    RawClient other(server.server->port(), "127.0.0.2");
    ASSERT_TRUE(other.send(get("/hello")));
    EXPECT_EQ(other.receive().status, 200);
  }
  EXPECT_TRUE(TestServer::eventually([&] { return server.server->connections() == 0; }));
  EXPECT_EQ(server.ask(get("/hello")).status, 200) << "its place is free again";
}

TEST(HttpServer, TurnsAThrowingWorkerInto500) {
  TestServer server;
  const RawResponse response = server.ask(get("/throws"));
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, HasSubstr("deep inside"));
}

TEST(HttpServer, RunsOnSeveralThreadsOnOnePort) {
  HttpServerOptions options;
  options.io_threads = 3;
  std::mutex mutex;
  std::set<unsigned> seen;
  std::atomic<int> completed{0};
  options.on_complete = [&](unsigned thread, const HttpRequest& request, int status, std::chrono::nanoseconds took) {
    EXPECT_EQ(request.route, "/hello");
    EXPECT_EQ(status, 200);
    EXPECT_GE(took.count(), 0);
    std::lock_guard lock(mutex);
    seen.insert(thread);
    ++completed;
  };
  TestServer server(std::move(options));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(server.ask(get("/hello")).status, 200);
  EXPECT_TRUE(TestServer::eventually([&] { return completed == 100; }));
  std::lock_guard lock(mutex);
  EXPECT_EQ(seen.size(), 3U);
}

TEST(HttpServer, DrainsRequestsInFlightAndClosesIdleConnections) {
  TestServer server;
  RawClient idle(server.server->port());
  ASSERT_TRUE(idle.send(get("/hello")));
  ASSERT_EQ(idle.receive().status, 200);
  RawClient busy(server.server->port());
  ASSERT_TRUE(busy.send(get("/suspended")));
  ASSERT_TRUE(TestServer::eventually([&] { return server.suspended() == 1; }));
  bool is_clean = false;
  std::thread drain([&] { is_clean = server.server->drain(std::chrono::seconds(10)); });
  EXPECT_TRUE(idle.is_closed());
  EXPECT_TRUE(TestServer::eventually([&] { return !RawClient(server.server->port()).is_connected(); }));
  server.resume_all();
  const RawResponse last = busy.receive();
  EXPECT_EQ(last.body, "resumed 1");
  EXPECT_TRUE(last.has("Connection: close"));
  EXPECT_TRUE(busy.is_closed());
  busy.finish_sending();
  drain.join();
  EXPECT_TRUE(is_clean);
}

TEST(HttpServer, CutsOffWhatDoesNotFinishInTheDrainLimit) {
  TestServer server;
  RawClient busy(server.server->port());
  ASSERT_TRUE(busy.send(get("/suspended")));
  ASSERT_TRUE(TestServer::eventually([&] { return server.suspended() == 1; }));
  EXPECT_FALSE(server.server->drain(std::chrono::milliseconds(50)));
  EXPECT_EQ(busy.receive().status, 0);
}

TEST(HttpServer, RefusesPlainHttpOffLoopback) {
  HttpServerOptions options;
  options.address = "0.0.0.0";
  const auto refused = HttpServer::listen(options, [](unsigned) { return Router(); });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "http.plain_off_loopback");
  EXPECT_THAT(refused.error().message, HasSubstr("trusted_proxy"));
  EXPECT_THAT(refused.error().message, HasSubstr("tls.certificate_chain"));
  options.has_trusted_proxy = true;
  EXPECT_TRUE(HttpServer::listen(options, [](unsigned) { return Router(); }).has_value());
}

}  // namespace
}  // namespace slipway
