#include "cli/context.h"

#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/key.h"
#include "cli/exit_code.h"

namespace slipway::cli {
namespace {

TEST(ErrorOf, TakesWhatTheServerSays) {
  const Error error = error_of({400, R"({"error":"2 values break the contract","code":"invalid_argument",
      "reason":"contract.violated","details":[{"field":"age","row":3,"found":"-1","rule":"minimum 0"},{"field":"id"}]})"});
  EXPECT_EQ(error.code, Code::kInvalidArgument);
  EXPECT_EQ(error.reason, "contract.violated");
  EXPECT_EQ(error.message, "2 values break the contract");
  ASSERT_EQ(error.details.size(), 2U);
  EXPECT_EQ(error.details[0].row, 3);
  EXPECT_EQ(error.details[0].rule, "minimum 0");
  EXPECT_EQ(error.details[1].row, -1);
}

TEST(ErrorOf, MakesTheBestOfForeignAnswers) {
  for (const char* body : {"", "<html>", "[1]", "null", R"({"error":{"nested":1}})", R"({"details":3})"}) {
    const Error error = error_of({502, body});
    EXPECT_EQ(error.reason, "http.502") << body;
    EXPECT_EQ(error.message, "the server answered 502") << body;
    EXPECT_EQ(exit_code_of(error), kRefused);
  }
  EXPECT_EQ(error_of({500, std::string(100'000, '[')}).reason, "http.500");
}

class KeyTest : public testing::Test {
 protected:
  std::string write(mode_t mode, std::string_view text) {
    std::string path = testing::TempDir() + "cli_key_" + std::to_string(getpid());
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  static std::string outcome(const GlobalOptions& options) {
    const auto key = read_key(options);
    if (key) return std::string(key->reveal());
    EXPECT_EQ(exit_code_of(key.error()), kUsage);
    return key.error().message;
  }
  const std::string key{make_key(system_random()).text.reveal()};
};

TEST_F(KeyTest, ComesFromOptionOrPrivateFile) {
  GlobalOptions options;
  EXPECT_EQ(outcome(options), "");
  options.key = key;
  EXPECT_EQ(outcome(options), key);
  options.key_file = write(0600, key + "\n");
  EXPECT_NE(outcome(options), key) << "both at once";
  options.key.clear();
  EXPECT_EQ(outcome(options), key);
  unlink(options.key_file.c_str());
}

TEST_F(KeyTest, RefusesAFileThatOthersCanReadAndAMistypedKey) {
  GlobalOptions options;
  options.key_file = write(0644, key);
  EXPECT_NE(outcome(options).find("chmod 600"), std::string::npos);
  unlink(options.key_file.c_str());
  EXPECT_NE(outcome(options).find("cannot be read"), std::string::npos);
  options.key_file.clear();
  options.key = key;
  options.key[30] = options.key[30] == 'a' ? 'b' : 'a';
  EXPECT_NE(outcome(options).find("mistyped"), std::string::npos);
  EXPECT_EQ(outcome(options).find(options.key), std::string::npos) << "an error shows no key";
}

TEST(HttpClient, RefusesWhatIsNoServerAddress) {
  for (const char* server : {"", "127.0.0.1:8080", "ftp://x", "file:///etc/passwd", "http://", "http://:80",
                             "https:///x", "http://a b", "http://x?y", "http://user@x", "http://x\r\ny"}) {
    HttpSettings settings;
    settings.server = server;
    const auto client = HttpClient::make(std::move(settings));
    ASSERT_FALSE(client) << server;
    EXPECT_EQ(exit_code_of(client.error()), kUsage);
  }
}

TEST(HttpClient, NobodyThereIsUnreachable) {
  HttpSettings settings;
  settings.server = "http://127.0.0.1:1";
  auto client = HttpClient::make(std::move(settings));
  const auto reply = client->get("/");
  ASSERT_FALSE(reply);
  EXPECT_EQ(exit_code_of(reply.error()), kUnreachable);
  EXPECT_NE(reply.error().message.find("127.0.0.1:1"), std::string::npos);
}

TEST(PercentEncoded, KeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(percent_encoded("aZ0-._~"), "aZ0-._~");
  EXPECT_EQ(percent_encoded("a/b?c=d&e+f g%\n\xc3\xa9"), "a%2Fb%3Fc%3Dd%26e%2Bf%20g%25%0A%C3%A9");
}

}  // namespace
}  // namespace slipway::cli
