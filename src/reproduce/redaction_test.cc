#include "reproduce/redaction.h"

#include <gtest/gtest.h>

namespace slipway::reproduce {
namespace {

TEST(Redaction, KnowsSecretNamesByTheirWords) {
  for (const char* name : {"HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "PGPASSWORD", "apikey",
                           "--db-password", "GOOGLE_APPLICATION_CREDENTIALS", "MLFLOW_TRACKING_TOKEN"}) {
    EXPECT_TRUE(is_secret_name(name)) << name;
  }
  for (const char* name : {"TOKENIZERS_PARALLELISM", "OMP_NUM_THREADS", "KEYBOARD", "LANG", "", "--max-tokens"})
    EXPECT_FALSE(is_secret_name(name)) << name;
}

TEST(Redaction, KnowsFilesThatKeysAreKeptIn) {
  for (const char* path : {".env", "deploy/.env.production", "a/id_rsa", "server.pem", "x/y.key", ".netrc"})
    EXPECT_TRUE(is_secret_file(path)) << path;
  for (const char* path : {"environment.py", "a.env.md", "keys.py", "pem/readme", ".envrc.d/x"})
    EXPECT_FALSE(is_secret_file(path)) << path;
}

TEST(Redaction, TakesCredentialsOutOfAddresses) {
  EXPECT_EQ(without_credentials("https://ada:pw@github.com/a/b.git"), "https://github.com/a/b.git");
  EXPECT_EQ(without_credentials("https://ghp_abc@github.com/a/b"), "https://github.com/a/b");
  EXPECT_EQ(without_credentials("https://a:p@ss@host/x@y"), "https://host/x@y");
  EXPECT_EQ(without_credentials("ssh://git:pw@host/a"), "ssh://git@host/a");
  EXPECT_EQ(without_credentials("git@github.com:a/b.git"), "git@github.com:a/b.git");
  EXPECT_EQ(without_credentials("https://host/a@b"), "https://host/a@b");
  EXPECT_EQ(without_credentials("/srv/a@b.git"), "/srv/a@b.git");
}

TEST(Redaction, FindsPasswordsInAddresses) {
  EXPECT_TRUE(has_credentials("postgresql://ada:pw@db/x"));
  EXPECT_TRUE(has_credentials("--proxy=http://a/ --db=mysql://ada:pw@db"));
  EXPECT_FALSE(has_credentials("postgresql://ada@db:5432/x"));
  EXPECT_FALSE(has_credentials("http://db:5432/x@y"));
}

TEST(Redaction, FindsSecretArguments) {
  using Arguments = std::vector<std::string>;
  EXPECT_EQ(find_secret_argument(Arguments{"python", "t.py", "--hf-token", "abc"}), 2U);
  EXPECT_EQ(find_secret_argument(Arguments{"python", "--password=x"}), 1U);
  EXPECT_EQ(find_secret_argument(Arguments{"env", "API_KEY=x", "python"}), 1U);
  EXPECT_EQ(find_secret_argument(Arguments{"python", "http://a:b@c"}), 1U);
  EXPECT_EQ(find_secret_argument(Arguments{"python", "--max-token", "5"}), std::nullopt);
  EXPECT_EQ(find_secret_argument(Arguments{"python", "--no-token", "--verbose"}), std::nullopt);
  EXPECT_EQ(find_secret_argument(Arguments{"python", "token", "--tokenizer=bert"}), std::nullopt);
}

TEST(Redaction, ReplacesSecretsWholeAndLongestFirst) {
  const std::vector<std::string> secrets = {"abcdef", "abcdefgh", "ab"};
  EXPECT_EQ(redacted("xabcdefghy abcdef ab", secrets), "x***y *** ab");
}

}  // namespace
}  // namespace slipway::reproduce
