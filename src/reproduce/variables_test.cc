#include "reproduce/variables.h"

#include <gtest/gtest.h>

namespace slipway::reproduce {
namespace {

TEST(Variables, AreKeptByNameOnly) {
  const Environment environment = {{"OMP_NUM_THREADS", "2"}, {"HOME", "/root"}, {"MODE", "fast"}, {"API_KEY", "x"}};
  const auto chosen = choose_variables(environment, {"MODE"});
  ASSERT_TRUE(chosen) << chosen.error().message;
  EXPECT_EQ(chosen->values, (std::map<std::string, std::string>{{"MODE", "fast"}, {"OMP_NUM_THREADS", "2"}}));
}

TEST(Variables, SecretsAreRefused) {
  const Environment environment = {{"API_KEY", "x"}, {"DATABASE", "postgresql://a:b@c"}, {"LD_PRELOAD", "x"}};
  EXPECT_EQ(choose_variables(environment, {"API_KEY"}).error().reason, "reproduce.secret");
  EXPECT_EQ(choose_variables(environment, {"DATABASE"}).error().reason, "reproduce.secret");
  EXPECT_EQ(choose_variables(environment, {"LD_PRELOAD"}).error().reason, "reproduce.variable");
  EXPECT_EQ(choose_variables(environment, {"MISSING"}).error().reason, "reproduce.variable");
}

TEST(Seeds, FixTheHashOfPython) {
  using Seeds = std::map<std::string, std::string>;
  EXPECT_EQ(choose_seeds({}, std::nullopt), (Seeds{{"PYTHONHASHSEED", "0"}}));
  EXPECT_EQ(choose_seeds({{"PYTHONHASHSEED", "random"}}, std::nullopt), (Seeds{{"PYTHONHASHSEED", "0"}}));
  EXPECT_EQ(choose_seeds({{"PYTHONHASHSEED", "5"}}, 7), (Seeds{{"PYTHONHASHSEED", "5"}, {"SLIPWAY_SEED", "7"}}));
  EXPECT_EQ(choose_seeds({}, 0x1'0000'0003), (Seeds{{"PYTHONHASHSEED", "3"}, {"SLIPWAY_SEED", "4294967299"}}));
}

TEST(Paths, AreReplacedWholeOnly) {
  EXPECT_EQ(with_path_replaced("/a/b/train.py", "/a/b", "/n"), "/n/train.py");
  EXPECT_EQ(with_path_replaced("/a/b", "/a/b", "/n"), "/n");
  EXPECT_EQ(with_path_replaced("--data=/a/b/x", "/a/b", "/n"), "--data=/n/x");
  EXPECT_EQ(with_path_replaced("/a/b/x:/a/b/y:/c", "/a/b", "/n"), "/n/x:/n/y:/c");
  EXPECT_EQ(with_path_replaced("/a/bc /x/a/b /a/b.txt", "/a/b", "/n"), "/a/bc /x/a/b /a/b.txt");
  EXPECT_EQ(with_path_replaced("x", "", "/n"), "x");
}

}  // namespace
}  // namespace slipway::reproduce
