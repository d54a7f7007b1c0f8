// Requests that two readers could frame in two ways, and other hostile bytes: each gets a 4xx or 5xx that says what is
// wrong, the connection ends, and the server goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/test_server_test.h"

namespace slipway {
namespace {

struct Row {
  std::string name;
  std::string bytes;
  int status;
  std::string reason;
};

std::string head(std::string_view headers) {
  return "POST /echo HTTP/1.1\r\nHost: t\r\n" + std::string(headers) + "\r\n";
}
std::string chunked(std::string_view body) { return head("Transfer-Encoding: chunked\r\n") + std::string(body); }

std::vector<Row> framing_table() {
  const std::string smuggled = "GET /secret HTTP/1.1\r\nHost: t\r\n\r\n";
  return {
      {"CL.TE", head("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\nG", 400, "http.two_lengths"},
      {"TE.CL", head("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n") + "5c\r\n" + smuggled, 400,
       "http.two_lengths"},
      {"two equal CL", head("Content-Length: 2\r\nContent-Length: 2\r\n") + "ab", 400, "http.repeated_header"},
      {"two different CL", head("Content-Length: 2\r\nContent-Length: 30\r\n") + "ab", 400, "http.repeated_header"},
      {"listed CL", head("Content-Length: 2, 2\r\n") + "ab", 400, "http.bad_content_length"},
      {"negative CL", head("Content-Length: -2\r\n") + "ab", 400, "http.bad_content_length"},
      {"signed CL", head("Content-Length: +2\r\n") + "ab", 400, "http.bad_content_length"},
      {"hexadecimal CL", head("Content-Length: 0x2\r\n") + "ab", 400, "http.bad_content_length"},
      {"empty CL", head("Content-Length: \r\n"), 400, "http.bad_content_length"},
      {"CL over 2^64", head("Content-Length: 18446744073709551616\r\n"), 400, "http.bad_content_length"},
      {"CL of 2^64-1", head("Content-Length: 18446744073709551615\r\n"), 413, "http.body_too_large"},
      {"space before colon", head("Content-Length : 2\r\n") + "ab", 400, "http.bad_header"},
      {"folded header", head("X: a\r\n b\r\n"), 400, "http.bad_header"},
      {"folded TE", head("Transfer-Encoding:\r\n chunked\r\n") + "0\r\n\r\n", 400, "http.bad_header"},
      {"header without colon", head("Nothing\r\n"), 400, "http.bad_header"},
      {"empty header name", head(": x\r\n"), 400, "http.bad_header"},
      {"NUL in a header", head(std::string("X: a\0b\r\n", 8)), 400, "http.bad_header"},
      {"CR in a header", head("X: a\rb\r\n"), 400, "http.bad_header"},
      {"LF only", "GET /hello HTTP/1.1\nHost: t\n\n", 400, "http.bare_line_feed"},
      {"one bare LF", "GET /hello HTTP/1.1\r\nHost: t\nX: y\r\n\r\n", 400, "http.bare_line_feed"},
      {"two TE", head("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400, "http.repeated_header"},
      {"TE list", head("Transfer-Encoding: gzip, chunked\r\n"), 501, "http.transfer_encoding"},
      {"TE twice chunked", head("Transfer-Encoding: chunked, chunked\r\n"), 501, "http.transfer_encoding"},
      {"TE obscured", head("Transfer-Encoding: xchunked\r\n"), 501, "http.transfer_encoding"},
      {"TE with vertical tab",
       head("Transfer-Encoding: \x0b"
            "chunked\r\n"),
       400, "http.bad_header"},
      {"TE in 1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
       "http.bad_transfer_encoding"},
      {"no Host", "GET /hello HTTP/1.1\r\n\r\n", 400, "http.no_host"},
      {"two Host", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "http.repeated_header"},
      {"two keys", "GET /secret HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n", 400,
       "http.repeated_header"},
      {"version 2", "GET /hello HTTP/2.0\r\nHost: t\r\n\r\n", 505, "http.version"},
      {"no version", "GET /hello\r\nHost: t\r\n\r\n", 400, "http.bad_request_line"},
      {"lower-case version", "GET /hello http/1.1\r\nHost: t\r\n\r\n", 400, "http.bad_request_line"},
      {"tab in the line", "GET\t/hello\tHTTP/1.1\r\nHost: t\r\n\r\n", 400, "http.bad_request_line"},
      {"space in the target", "GET /hel lo HTTP/1.1\r\nHost: t\r\n\r\n", 400, "http.bad_target"},
      {"bad method", "G(T /hello HTTP/1.1\r\nHost: t\r\n\r\n", 400, "http.bad_request_line"},
      {"TLS hello", std::string("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", 15), 400, "http.bad_request_line"},
      {"chunk size text", chunked("xyz\r\n"), 400, "http.bad_chunk"},
      {"chunk size empty", chunked("\r\n"), 400, "http.bad_chunk"},
      {"chunk size signed", chunked("+2\r\nab\r\n0\r\n\r\n"), 400, "http.bad_chunk"},
      {"chunk size prefixed", chunked("0x2\r\nab\r\n0\r\n\r\n"), 400, "http.bad_chunk"},
      {"chunk size spaced", chunked("2 \r\nab\r\n0\r\n\r\n"), 400, "http.bad_chunk"},
      {"chunk size over 2^64", chunked("fffffffffffffffff\r\n"), 400, "http.bad_chunk"},
      {"chunk size line LF", chunked("2\nab\r\n0\r\n\r\n"), 400, "http.bad_chunk"},
      {"chunk too long", chunked("2\r\nabc\r\n0\r\n\r\n"), 400, "http.bad_chunk"},
      {"chunk end LF", chunked("2\r\nab\n0\r\n\r\n"), 400, "http.bad_chunk"},
      {"chunk extension LF", chunked("2;a\nb\r\nab\r\n0\r\n\r\n"), 400, "http.bad_chunk"},
      {"endless extension", chunked("2;" + std::string(5000, 'x')), 400, "http.bad_chunk"},
      {"endless trailers", chunked("0\r\n" + std::string(5000, 'x')), 400, "http.bad_chunk"},
      {"huge header", head("X: " + std::string(20'000, 'x') + "\r\n"), 431, "http.header_bytes_max"},
      {"endless header", "GET /hello HTTP/1.1\r\nX: " + std::string(20'000, 'x'), 431, "http.header_bytes_max"},
      {"many headers", head([] {
         std::string all;
         for (int i = 0; i < 200; ++i) all += "X: y\r\n";
         return all;
       }()),
       431, "http.header_count_max"},
  };
}

TEST(Framing, RefusesWhatCanBeReadInTwoWays) {
  TestServer server;
  for (const Row& row : framing_table()) {
    RawClient client(server.server->port());
    ASSERT_TRUE(client.send(row.bytes)) << row.name;
    const RawResponse response = client.receive();
    EXPECT_EQ(response.status, row.status) << row.name << response.body;
    EXPECT_THAT(response.body, testing::HasSubstr("\"" + row.reason + "\"")) << row.name;
    EXPECT_TRUE(response.has("Connection: close")) << row.name;
    EXPECT_TRUE(client.is_closed()) << row.name;
  }
  EXPECT_EQ(server.ask(get("/hello")).status, 200);
}

TEST(Framing, RefusesOnAnySplitOfTheBytes) {
  TestServer server;
  const std::string bytes = head("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n") + "0\r\n\r\n";
  for (std::size_t split = 1; split < bytes.size() - 5; split += 7) {
    RawClient client(server.server->port());
    ASSERT_TRUE(client.send(std::string_view(bytes).substr(0, split)));
    ASSERT_TRUE(client.send(std::string_view(bytes).substr(split)));
    EXPECT_EQ(client.receive().status, 400) << split;
  }
}

TEST(Framing, SaysThatARequestWasCutOff) {
  TestServer server;
  for (const std::string& bytes :
       {head("Content-Length: 5\r\n") + "ab", chunked("5\r\nab"), chunked("2\r\nab\r\n"), std::string("GET /hel")}) {
    RawClient client(server.server->port());
    ASSERT_TRUE(client.send(bytes));
    client.finish_sending();
    const RawResponse response = client.receive();
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, testing::HasSubstr("http.truncated"));
  }
}

TEST(Framing, LimitsTinyChunks) {
  HttpServerOptions options;
  options.limits.small_chunks_max = 100;
  TestServer server(std::move(options));
  std::string chunks;
  for (int i = 0; i < 100; ++i) chunks += "1\r\nx\r\n";
  EXPECT_EQ(server.ask(chunked(chunks + "0\r\n\r\n")).body, std::string(100, 'x'));
  EXPECT_EQ(server.ask(chunked(chunks + "1\r\nx\r\n")).status, 413);
}

// Spellings of "one directory up" and other paths that a second reader could see differently.
std::vector<std::string> traversals() {
  std::vector<std::string> all;
  const std::vector<std::string> dots = {
      "..",           "%2e%2e",   "%2E%2E",  ".%2e", "%2e.", "%252e%252e", "..%00",        "..;",
      "%c0%ae%c0%ae", "..%5c",    "..\\",    ".",    "%2e",  "..#",        "%uff0e%uff0e", "%e0%80%ae%e0%80%ae",
      "..%09",        "..%0d%0a", "%%32%65", "..%3b"};
  const std::vector<std::string> before = {"", "a/", "%2f", "a%2f", "/"};
  const std::vector<std::string> after = {"", "/etc/passwd", "%2fetc%2fpasswd", "//"};
  for (const auto& prefix : before) {
    for (const auto& dot : dots) {
      for (const auto& suffix : after) all.push_back(prefix + dot + suffix);
    }
  }
  return all;
}

TEST(Framing, RefusesTraversalInEveryName) {
  TestServer server;
  const auto all = traversals();
  ASSERT_GE(all.size(), 200U);
  RawClient client(server.server->port());
  for (const std::string& name : all) {
    ASSERT_TRUE(client.send(get("/models/" + name)));
    const RawResponse response = client.receive();
    ASSERT_EQ(response.status, 400) << name << " " << response.body;
    EXPECT_THAT(response.body, testing::HasSubstr("http.bad_path")) << name;
  }
  ASSERT_TRUE(client.send(get("/models/caf%C3%A9%20v1.2..3")));
  EXPECT_EQ(client.receive().body, "café v1.2..3");
}

}  // namespace
}  // namespace slipway
