#include "reproduce/pip.h"

#include <gtest/gtest.h>

#include "reproduce/metrics.h"
#include "reproduce/python.h"

namespace slipway::reproduce {
namespace {

// Of pip 23.2.1: `pip install --dry-run --report - numpy==2.1.0`, shortened.
TEST(PipReport, GivesFileNameAndDigest) {
  const std::string hex = "f5ebbf9fbdabed208d4ecd2e1dfd2c0741af2f876e7ae522c2537d404ca895c3";
  const auto archives = read_pip_report(
      R"({"version":"1","install":[{"download_info":{"url":"https://files.pythonhosted.org/packages/7b/numpy-2.1.0-cp311.whl",)"
      R"("archive_info":{"hash":"sha256=)" +
      hex + R"(","hashes":{"sha256":")" + hex +
      R"("}}},"metadata":{"name":"NumPy_x.y"}},{"download_info":{"url":"file:///x","dir_info":{}},"metadata":{"name":"own"}}]})");
  ASSERT_TRUE(archives) << archives.error().message;
  ASSERT_EQ(archives->size(), 1U);
  EXPECT_EQ(archives->at("numpy-x-y").file_name, "numpy-2.1.0-cp311.whl");
  EXPECT_EQ(archives->at("numpy-x-y").sha256.hex(), hex);
}

TEST(PipReport, RefusesOtherDocuments) {
  for (const char* text : {"", "[]", "{}", R"({"install":[{}]})", R"({"install":{}})"})
    EXPECT_EQ(read_pip_report(text).error().reason, "reproduce.pip") << text;
}

TEST(Pip, InstallsForOthersFrom22_3On) {
  for (const char* version : {"22.3", "22.3.1", "23.0.1", "25.1.dev0"})
    EXPECT_TRUE(installs_for_others(version)) << version;
  for (const char* version : {"22.2.2", "9.0", "", "x", "23"}) EXPECT_FALSE(installs_for_others(version)) << version;
}

TEST(Metrics, AreTheNumbersOfAllLevels) {
  const auto metrics = read_metrics(R"({"loss":0.5,"test":{"accuracy":1,"name":"x"},"all":[1,2],"flag":true})");
  ASSERT_TRUE(metrics);
  EXPECT_EQ(*metrics, (std::map<std::string, double>{{"loss", 0.5}, {"test.accuracy", 1}}));
  EXPECT_EQ(read_metrics("[1]").error().reason, "reproduce.metrics");
  EXPECT_EQ(read_metrics("{").error().reason, "reproduce.metrics");
}

TEST(Interpreter, OfAProgramIsFoundByItsName) {
  EXPECT_EQ(interpreter_of("/venv/bin/python", ""), "/venv/bin/python");
  EXPECT_EQ(interpreter_of("/usr/bin/python3.11", ""), "/usr/bin/python3.11");
  EXPECT_EQ(interpreter_of("/bin/sh", ""), "");
  EXPECT_EQ(interpreter_of("/usr/bin/pythonic", ""), "");
}

}  // namespace
}  // namespace slipway::reproduce
