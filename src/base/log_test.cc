#include "base/log.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/secret.h"

namespace slipway::log {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

static_assert(!std::is_constructible_v<Field, std::string_view, const Secret&>, "a Secret must not be loggable");
static_assert(!std::is_constructible_v<Field, std::string_view, Secret>, "a Secret must not be loggable");
static_assert(!std::is_constructible_v<Field, std::string_view, void*>, "a pointer is not a value");

// Everything that `body` logs, read back through a pipe.
template <typename Body>
std::string logged(Body body, Level level = Level::kInfo) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  std::string text;
  std::thread reader([&] {
    std::array<char, 4096> chunk;
    for (ssize_t got; (got = read(ends[0], chunk.data(), chunk.size())) > 0;) {
      text.append(chunk.data(), static_cast<std::size_t>(got));
    }
  });
  Settings settings;
  settings.level = level;
  settings.descriptor = ends[1];
  start(settings);
  body();
  stop();
  close(ends[1]);
  reader.join();
  close(ends[0]);
  return text;
}

TEST(Log, WritesOneJsonObjectALine) {
  const std::string address = "127.0.0.1:8080";
  const std::string text = logged([&] {
    info("server.ready",
         {{"address", address}, {"models", 3}, {"load", 0.5}, {"tls", false}, {"bytes", std::size_t{7}}});
  });
  EXPECT_THAT(text, MatchesRegex(R"(\{"ts":"[0-9-]+T[0-9:]+\.[0-9]+Z","level":"info","event":"server.ready",)"
                                 R"("address":"127.0.0.1:8080","models":3,"load":0.5,"tls":false,"bytes":7\}.)"));
  EXPECT_EQ(text.back(), '\n');
  EXPECT_EQ(text.find('Z'), std::string(R"({"ts":"2026-11-24T22:27:32.000001)").size());
}

TEST(Log, HostileTextStaysInsideItsLine) {
  const std::string hostile =
      "a\"}\n{\"level\":\"info\"\r\x1b[31m\xff\x00\\"
      "\u2028";
  const std::string text = logged([&] { info(hostile, {{"found", hostile}}); });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  for (const char c : text) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n');
  EXPECT_THAT(text, HasSubstr(R"(a\"}\n{\"level\":\"info\"\r\u001b[31m)"));
}

TEST(Log, WritesRequestAndTraceIds) {
  const auto id = Id::parse("0190163d-8694-739b-aea5-966c26f8ad91");
  Field::TraceId trace{};
  trace[15] = 0xAB;
  const std::string text = logged([&] { info("request.done", {request_id(*id), trace_id(trace)}); });
  EXPECT_THAT(text, HasSubstr(R"("request_id":"0190163d-8694-739b-aea5-966c26f8ad91")"));
  EXPECT_THAT(text, HasSubstr(R"("trace_id":"000000000000000000000000000000ab")"));
}

TEST(Log, LevelsBelowTheSetOneAreLeftOut) {
  const std::string text = logged(
      [] {
        debug("no");
        info("no");
        warning("yes.warning");
        error("yes.error");
        set_level(Level::kDebug);
        debug("yes.debug");
      },
      Level::kWarning);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_THAT(text, Not(HasSubstr("\"no\"")));
}

TEST(Log, NeverWaitsForItsReaderAndCountsWhatIsLost) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  Settings settings;
  settings.queue_lines_max = 64;
  settings.descriptor = ends[1];
  start(settings);
  const std::string filler(4096, 'x');  // a pipe holds 64 KiB: the writing thread is stuck after 16 of these
  for (int i = 0; i < 1000; ++i) info("filler", {{"text", filler}});
  EXPECT_GE(lines_lost(), 1000U - 64 - 17 - 1);
  std::thread drain([&] {
    std::array<char, 65536> chunk;
    while (read(ends[0], chunk.data(), chunk.size()) > 0) {
    }
  });
  stop();
  close(ends[1]);
  drain.join();
  close(ends[0]);
}

TEST(Log, LevelNamesRoundTrip) {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    EXPECT_EQ(parse_level(to_string(level)), level);
  }
  EXPECT_EQ(parse_level("warn"), std::nullopt);
}

}  // namespace
}  // namespace slipway::log
