// Bodies: compressed, spooled, sent from files, slow; and TLS under them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/resource.h>

#include "protocol/content_coding.h"
#include "protocol/test_server_test.h"

namespace slipway {
namespace {

using testing::HasSubstr;

std::string compressed(std::string_view text, ContentCoding coding) { return deflate(text, coding).value(); }

TEST(Body, IsDecompressed) {
  TestServer server;
  const std::string text(100'000, 'a');
  EXPECT_EQ(server.ask(post("/echo", compressed(text, ContentCoding::kGzip), "Content-Encoding: gzip\r\n")).body, text);
  EXPECT_EQ(server.ask(post("/echo", compressed(text, ContentCoding::kDeflate), "Content-Encoding: deflate\r\n")).body,
            text);
  const std::string small = compressed(text, ContentCoding::kGzip);
  std::string chunks;
  for (const char byte : small) chunks += "1\r\n" + std::string(1, byte) + "\r\n";
  EXPECT_EQ(server
                .ask("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" +
                     chunks + "0\r\n\r\n")
                .body,
            text);
}

TEST(Body, RefusesAGzipBomb) {
  TestServer server;
  const std::string bomb = compressed(std::string(200 << 20, '\0'), ContentCoding::kGzip);
  ASSERT_LT(bomb.size(), 1U << 20);
  const RawResponse response = server.ask(post("/echo", bomb, "Content-Encoding: gzip\r\n"));
  EXPECT_EQ(response.status, 413);
  EXPECT_THAT(response.body, HasSubstr("when decompressed"));
}

TEST(Body, RefusesBrokenCompression) {
  TestServer server;
  const std::string good = compressed(std::string(1000, 'a'), ContentCoding::kGzip);
  EXPECT_EQ(server.ask(post("/echo", "not gzip at all", "Content-Encoding: gzip\r\n")).status, 400);
  EXPECT_EQ(server.ask(post("/echo", good.substr(0, good.size() - 9), "Content-Encoding: gzip\r\n")).status, 400);
  EXPECT_EQ(server.ask(post("/echo", good + "tail", "Content-Encoding: gzip\r\n")).status, 400);
  std::string wrong_sum = good;
  wrong_sum[wrong_sum.size() - 8] = static_cast<char>(wrong_sum[wrong_sum.size() - 8] ^ 1);
  EXPECT_EQ(server.ask(post("/echo", wrong_sum, "Content-Encoding: gzip\r\n")).status, 400);
  const RawResponse unknown = server.ask(post("/echo", "x", "Content-Encoding: br\r\n"));
  EXPECT_EQ(unknown.status, 415);
  EXPECT_TRUE(unknown.has("Accept-Encoding: gzip, deflate"));
}

TEST(Body, OfAResponseIsCompressedWhenAskedForAndLarge) {
  TestServer server;
  const RawResponse large = server.ask(get("/large", "Accept-Encoding: deflate;q=0.5, gzip\r\n"));
  EXPECT_TRUE(large.has("Content-Encoding: gzip"));
  EXPECT_TRUE(large.has("Vary: Accept-Encoding"));
  EXPECT_LT(large.body.size(), 1U << 20);
  EXPECT_EQ(server.ask(get("/large", "Accept-Encoding: gzip;q=0\r\n")).body.size(), std::size_t{8} << 20);
  EXPECT_FALSE(server.ask(get("/hello", "Accept-Encoding: gzip\r\n")).has("Content-Encoding"));
}

std::uint64_t peak_memory_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

TEST(Body, IsSpooledInConstantMemoryAndItsFileRemoved) {
  TestServer server;
  constexpr std::size_t kPieces = 200;
  const std::string piece = [] {
    std::string bytes(1 << 20, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 131 >> 3);
    return bytes;
  }();
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kPieces; ++i) {
    for (const char byte : piece) sum = sum * 31 + static_cast<unsigned char>(byte);
  }
  RawClient client(server.server->port());
  [[maybe_unused]] const std::uint64_t before = peak_memory_bytes();
  ASSERT_TRUE(
      client.send("PUT /upload HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(kPieces << 20) + "\r\n\r\n"));
  for (std::size_t i = 0; i < kPieces; ++i) ASSERT_TRUE(client.send(piece));
  EXPECT_EQ(client.receive().body, std::to_string(kPieces << 20) + " " + std::to_string(sum));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(peak_memory_bytes() - before, std::uint64_t{20} << 20);
#endif
  EXPECT_TRUE(TestServer::eventually([&] { return std::filesystem::is_empty(server.directory()); }));

  ASSERT_TRUE(
      client.send("PUT /upload HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
  EXPECT_THAT(client.receive().body, testing::StartsWith("5 "));
}

TEST(Body, OfAnEmptyUploadIsAnEmptyFile) {
  TestServer server;
  RawClient client(server.server->port());
  for (const std::string framing : {"Content-Length: 0\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    ASSERT_TRUE(client.send("PUT /spooled-size HTTP/1.1\r\nHost: t\r\n" + framing));
    EXPECT_EQ(client.receive().body, "0");
  }
  EXPECT_TRUE(TestServer::eventually([&] { return std::filesystem::is_empty(server.directory()); }));
}

TEST(Body, OfABrokenUploadLeavesNothing) {
  TestServer server;
  {
    RawClient client(server.server->port());
    ASSERT_TRUE(client.send("PUT /upload HTTP/1.1\r\nHost: t\r\nContent-Length: 2000000\r\n\r\n" +
                            std::string(1'000'000, 'x')));
    ASSERT_TRUE(TestServer::eventually([&] { return !std::filesystem::is_empty(server.directory()); }));
  }
  EXPECT_TRUE(TestServer::eventually([&] { return std::filesystem::is_empty(server.directory()); }));
  EXPECT_TRUE(TestServer::eventually([&] { return server.server->in_flight() == 0; }));
}

TEST(Body, LimitsUploadsAtATime) {
  HttpServerOptions options;
  options.limits.spooled_bodies_max = 1;
  TestServer server(std::move(options));
  RawClient first(server.server->port());
  ASSERT_TRUE(first.send("PUT /upload HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\na"));
  ASSERT_TRUE(TestServer::eventually([&] { return server.server->in_flight() == 1; }));
  const RawResponse refused = server.ask(post("/nothing", "").replace(0, 13, "PUT /upload"));
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_THAT(refused.body, HasSubstr("spooled_bodies_max"));
  ASSERT_TRUE(first.send("b"));
  EXPECT_THAT(first.receive().body, testing::StartsWith("2 "));
}

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 >> 2);
  return bytes;
}

TEST(Body, IsStreamedFromAnObject) {
  TestServer server;
  const std::string content = pattern(3'000'001);
  ASSERT_TRUE(put_object(*server.objects, "data", content));
  ASSERT_TRUE(put_object(*server.objects, "empty", ""));
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send(get("/object/data") + get("/object/empty") + get("/hello")));
  const RawResponse whole = client.receive();
  EXPECT_EQ(whole.status, 200);
  EXPECT_TRUE(whole.has("Accept-Ranges: bytes"));
  EXPECT_EQ(whole.body, content);
  EXPECT_EQ(client.receive().body, "");
  EXPECT_EQ(client.receive().body, "hello");
  const RawResponse head = server.ask("HEAD /object/data HTTP/1.1\r\nHost: t\r\nRange: bytes=1-2\r\n\r\n");
  EXPECT_EQ(head.status, 200) << "a range is of a GET";
  EXPECT_TRUE(head.has("Content-Length: 3000001"));
}

TEST(Body, OfAnObjectIsSentInPart) {
  TestServer server;
  const std::string content = pattern(1'000'000);
  ASSERT_TRUE(put_object(*server.objects, "data", content));
  server.announced = sha256("other bytes");  // which is of the whole only
  const auto ask = [&](std::string_view headers) { return server.ask(get("/object/data", headers)); };
  const RawResponse part = ask("Range: bytes=300000-899999\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_TRUE(part.has("Content-Range: bytes 300000-899999/1000000"));
  EXPECT_EQ(part.body, content.substr(300'000, 600'000));
  EXPECT_EQ(ask("Range: bytes=-1\r\n").body, content.substr(999'999));
  const RawResponse behind = ask("Range: bytes=1000000-\r\n");
  EXPECT_EQ(behind.status, 416);
  EXPECT_TRUE(behind.has("Content-Range: bytes */1000000"));
  EXPECT_THAT(behind.body, HasSubstr("http.range"));
  EXPECT_EQ(ask("Range: bytes=0-4\r\nIf-Range: \"1\"\r\n").body, content.substr(0, 5));
  server.announced.reset();
  EXPECT_EQ(ask("Range: bytes=0-4\r\nIf-Range: \"2\"\r\n").body, content) << "the object is another by now";
  EXPECT_EQ(ask("Range: bytes=0-4,7-8\r\n").body, content);
}

TEST(Body, OfAnObjectThatHasChangedIsCutOff) {
  TestServer server;
  const std::string content = pattern(1'000'000);
  ASSERT_TRUE(put_object(*server.objects, "data", content));
  server.announced = sha256(content);
  EXPECT_EQ(server.ask(get("/object/data")).body, content);
  server.announced = sha256("as it was announced");
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send(get("/object/data")));
  EXPECT_EQ(client.receive().status, 0) << "a whole response came";
  EXPECT_TRUE(TestServer::eventually([&] { return server.server->in_flight() == 0; }));
}

TEST(Body, OfAnUploadIsHashedWhileItIsWritten) {
  TestServer server;
  RawClient client(server.server->port());
  for (const std::string& content : {pattern(1'000'000), std::string("abc"), std::string()}) {
    ASSERT_TRUE(client.send(post("/digest", content).replace(0, 4, "PUT")));
    EXPECT_EQ(client.receive().body, sha256(content).hex());
  }
  ASSERT_TRUE(
      client.send("PUT /digest HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
  EXPECT_EQ(client.receive().body, sha256("abc").hex());
}

TEST(Body, AllInMemoryHaveALimitTogether) {
  HttpServerOptions options;
  options.limits.buffered_bytes_max = 1'000'000;
  TestServer server(std::move(options));
  RawClient first(server.server->port());
  ASSERT_TRUE(first.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 600000\r\n\r\n"));
  ASSERT_TRUE(TestServer::eventually([&] { return server.server->in_flight() == 1; }));
  RawClient second(server.server->port());
  ASSERT_TRUE(second.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 600000\r\n\r\n"));
  const RawResponse unread = second.receive();
  EXPECT_EQ(unread.status, 503) << "before its body is sent";
  EXPECT_TRUE(unread.has("Retry-After: 1"));
  EXPECT_THAT(unread.body, HasSubstr("http.buffered_bytes_max"));
  const std::string zipped = compressed(std::string(900'000, 'a'), ContentCoding::kGzip);
  EXPECT_EQ(server.ask(post("/echo", zipped, "Content-Encoding: gzip\r\n")).status, 503) << "as its length shows";
  EXPECT_EQ(server.ask(post("/echo", "small")).body, "small");
  ASSERT_TRUE(first.send(std::string(600'000, 'x')));
  EXPECT_EQ(first.receive().body.size(), 600'000U);
  EXPECT_EQ(server.ask(post("/echo", std::string(900'000, 'x'))).body.size(), 900'000U) << "the memory is free again";
}

TEST(Body, OfAResponseReachesASlowReader) {
  TestServer server;
  RawClient client(server.server->port());
  ASSERT_TRUE(client.send(get("/large") + get("/hello")));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the socket fills, so that the write has to wait
  EXPECT_EQ(client.receive().body.size(), std::size_t{8} << 20);
  EXPECT_EQ(client.receive().body, "hello");
}

TEST(Body, MustArriveInTime) {
  HttpServerOptions options;
  options.limits.header_timeout = options.limits.body_timeout = std::chrono::milliseconds(300);
  options.limits.idle_timeout = std::chrono::milliseconds(500);
  options.limits.body_bytes_per_second_min = 1 << 30;
  TestServer server(std::move(options));
  for (const std::string_view bytes : {"GET /hel", "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nab",
                                       "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\nab"}) {
    RawClient client(server.server->port());
    ASSERT_TRUE(client.send(bytes));
    const RawResponse response = client.receive();
    EXPECT_EQ(response.status, 408) << bytes;
    EXPECT_TRUE(client.send("late bytes"));
    client.finish_sending();
    EXPECT_TRUE(client.is_closed()) << bytes;
  }
  RawClient idle(server.server->port());
  EXPECT_TRUE(idle.is_closed());
}

class Tls : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() / ("slipway-tls-" + Id::make().to_string());
    std::filesystem::create_directories(directory_);
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost -keyout " +
        key() + " -out " + certificate() + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string key() const { return directory_ / "key.pem"; }
  std::string certificate() const { return directory_ / "certificate.pem"; }

  std::filesystem::path directory_;
};

TEST_F(Tls, CarriesRequestsAndRefusesOldVersions) {
  HttpServerOptions options;
  options.tls = TlsFiles{certificate(), key()};
  TestServer server(std::move(options));
  const auto talk = [&](int version_max, const std::string& request) {
    std::string received;
    RawClient client(server.server->port());
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, version_max);
    SSL* ssl = SSL_new(context);
    SSL_set_fd(ssl, client.descriptor());
    if (SSL_connect(ssl) == 1 && SSL_write(ssl, request.data(), static_cast<int>(request.size())) > 0) {
      char bytes[4096];
      for (int got = 0; (got = SSL_read(ssl, bytes, sizeof(bytes))) > 0;)
        received.append(bytes, static_cast<std::size_t>(got));
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    return received;
  };
  const std::string last = get("/hello", "Connection: close\r\n");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    EXPECT_THAT(talk(version, post("/echo", std::string(100'000, 'z')) + last),
                testing::AllOf(HasSubstr(std::string(100'000, 'z')), testing::EndsWith("hello")));
  }
  EXPECT_EQ(talk(TLS1_1_VERSION, last), "");
  EXPECT_EQ(server.ask(get("/hello")).status, 0);  // plain HTTP
  EXPECT_THAT(talk(TLS1_3_VERSION, last), HasSubstr("200 OK"));
}

TEST_F(Tls, NamesTheFileThatIsWrong) {
  HttpServerOptions options;
  options.tls = TlsFiles{certificate(), directory_ / "missing.pem"};
  const auto refused = HttpServer::listen(std::move(options), [](unsigned) { return Router(); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "tls.private_key");
  EXPECT_THAT(refused.error().message, HasSubstr("missing.pem"));
}

}  // namespace
}  // namespace slipway
