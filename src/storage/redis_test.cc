#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <mutex>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "storage/redis_client.h"

namespace slipway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RedisUri, NamesTheServer) {
  EXPECT_EQ(*parse_redis_uri("redis://localhost"), (RedisAddress{"localhost", 6379, "", 0}));
  EXPECT_EQ(*parse_redis_uri("redis://cache@10.0.0.1:7000/3"), (RedisAddress{"10.0.0.1", 7000, "cache", 3}));
  EXPECT_EQ(*parse_redis_uri("redis://[::1]:7000/"), (RedisAddress{"::1", 7000, "", 0}));
  EXPECT_EQ(*parse_redis_uri("redis://[::1]"), (RedisAddress{"::1", 6379, "", 0}));
  for (const char* uri :
       {"", "localhost", "rediss://localhost", "redis://", "redis://:6379", "redis://a:0", "redis://a:b",
        "redis://a:70000", "redis://a/x", "redis://a/-1", "redis://[::1", "redis://[::1]x"}) {
    const auto parsed = parse_redis_uri(uri);
    ASSERT_FALSE(parsed) << uri;
    EXPECT_EQ(parsed.error().reason, "redis.uri");
  }
}

TEST(RedisUri, HoldsNoPasswordAndDoesNotRepeatIt) {
  for (const char* uri : {"redis://user:hunter2@localhost", "redis://:hunter2@localhost"}) {
    const auto parsed = parse_redis_uri(uri);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().message.find("hunter2"), std::string::npos);
  }
}

std::uint16_t free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(probe, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(probe);
  return ntohs(address.sin_port);
}

// A server of this test's own, which it may stop, continue and kill.
class RedisServer {
 public:
  explicit RedisServer(std::uint16_t port, std::string password = "") : password_(std::move(password)) {
    pid_ = fork();
    if (pid_ != 0) return;
    const std::string port_text = std::to_string(port);
    std::vector<const char*> words{"redis-server", "--port", port_text.c_str(), "--bind", "127.0.0.1", "--save",   "",
                                   "--appendonly", "no",     "--dir",           "/tmp",   "--logfile", "/dev/null"};
    if (!password_.empty()) words.insert(words.end(), {"--requirepass", password_.c_str()});
    words.push_back(nullptr);
    execvp(words[0], const_cast<char* const*>(words.data()));
    _exit(127);
  }
  ~RedisServer() { kill(); }
  void signal(int number) const { ::kill(pid_, number); }
  void kill() {
    if (pid_ <= 0) return;
    signal(SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

 private:
  std::string password_;
  pid_t pid_ = 0;
};

class RedisClientTest : public ::testing::Test {
 protected:
  RedisOptions options(std::string password = "") const {
    RedisOptions chosen;
    chosen.address = {"127.0.0.1", port_, "", 2};
    chosen.password = Secret(std::move(password));
    chosen.connections = 2;
    chosen.time_limit = milliseconds(200);
    return chosen;
  }
  static bool await(const RedisClient& client, std::size_t connections) {
    const auto limit = std::chrono::steady_clock::now() + seconds(10);
    while (client.connected() != connections) {
      if (std::chrono::steady_clock::now() > limit) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }
  static std::string shown(const RedisClient::Value& value) {
    return value ? value->value_or("(none)") : value.error().reason;
  }
  template <typename Begin>
  static std::string ask(Begin begin) {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<std::string> answer;
    begin([&](const RedisClient::Value& value) {
      std::lock_guard lock(mutex);
      answer = shown(value);
      changed.notify_one();
    });
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, seconds(10), [&] { return answer.has_value(); }));
    return answer.value_or("never");
  }
  static std::string get(RedisClient& client, const std::string& key) {
    return ask([&](auto done) { client.get(key, done); });
  }
  static std::string set(RedisClient& client, const std::string& key, const std::string& value,
                         milliseconds keep = seconds(60)) {
    return ask([&](auto done) { client.set(key, value, keep, done); });
  }

  const std::uint16_t port_ = free_port();
};

TEST_F(RedisClientTest, KeepsValuesForTheirTime) {
  const RedisServer server(port_);
  RedisClient client(options());
  ASSERT_TRUE(await(client, 2));
  EXPECT_EQ(get(client, "a"), "(none)");
  const std::string bytes("\0\r\n\xff", 4);
  EXPECT_EQ(set(client, "a", bytes), "(none)");
  EXPECT_EQ(get(client, "a"), bytes);
  EXPECT_EQ(set(client, "short", "1", milliseconds(20)), "(none)");
  std::this_thread::sleep_for(milliseconds(40));
  EXPECT_EQ(get(client, "short"), "(none)");
  EXPECT_EQ(set(client, "a", "1", milliseconds(0)), "redis.error");  // an error of the server leaves the connection
  EXPECT_EQ(get(client, "a"), bytes);
}

TEST_F(RedisClientTest, AnswersEveryCommandOnceFromManyThreads) {
  const RedisServer server(port_);
  RedisClient client(options());
  ASSERT_TRUE(await(client, 2));
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 500; ++i) {
        const std::string key = std::to_string(thread) + ":" + std::to_string(i);
        client.set(key, key, seconds(60), [](const RedisClient::Value&) {});
        if (get(client, key) == key) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 4 * 500);
}

TEST_F(RedisClientTest, FailsAtOnceWithoutAServerAndComesBackWithIt) {
  RedisClient client(options());
  EXPECT_EQ(get(client, "a"), "redis.unavailable");
  {
    RedisServer server(port_);
    ASSERT_TRUE(await(client, 2));
    EXPECT_EQ(set(client, "a", "1"), "(none)");
    server.kill();
    ASSERT_TRUE(await(client, 0));
    EXPECT_EQ(get(client, "a"), "redis.unavailable");
  }
  const RedisServer again(port_);
  ASSERT_TRUE(await(client, 2));
  EXPECT_EQ(get(client, "a"), "(none)");
}

TEST_F(RedisClientTest, DoesNotWaitForASlowServer) {
  const RedisServer server(port_);
  RedisClient client(options());
  ASSERT_TRUE(await(client, 2));
  server.signal(SIGSTOP);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(get(client, "a"), "redis.timeout");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(1));
  server.signal(SIGCONT);
  EXPECT_EQ(set(client, "a", "1"), "(none)");  // what came late is not taken for an answer to this
  EXPECT_EQ(get(client, "a"), "1");
}

TEST_F(RedisClientTest, HangsUpOnAServerThatStaysSilent) {
  const RedisServer server(port_);
  RedisOptions single = options();
  single.connections = 1;
  RedisClient client(std::move(single));
  ASSERT_TRUE(await(client, 1));
  server.signal(SIGSTOP);
  EXPECT_EQ(get(client, "a"), "redis.timeout");
  EXPECT_TRUE(await(client, 0));
  server.signal(SIGCONT);
  EXPECT_TRUE(await(client, 1));
}

TEST_F(RedisClientTest, SendsItsPassword) {
  const RedisServer server(port_, "correct horse");
  RedisClient client(options("correct horse"));
  ASSERT_TRUE(await(client, 2));
  EXPECT_EQ(set(client, "a", "1"), "(none)");
  RedisClient wrong(options("battery staple"));
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(wrong.connected(), 0U);
  EXPECT_EQ(get(wrong, "a"), "redis.unavailable");
}

TEST_F(RedisClientTest, WhatWaitsFailsWhenTheClientEnds) {
  const RedisServer server(port_);
  auto client = std::make_unique<RedisClient>(options());
  ASSERT_TRUE(await(*client, 2));
  server.signal(SIGSTOP);
  std::atomic<int> failed{0};
  for (int i = 0; i < 10; ++i) {
    client->get(std::to_string(i), [&](const RedisClient::Value& value) { failed += value ? 0 : 1; });
  }
  client.reset();
  EXPECT_EQ(failed, 10);
}

}  // namespace
}  // namespace slipway
