#include "cli/cli.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace slipway::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Outcome {
  int exit_code;
  std::string out;
  std::string err;
};

Outcome outcome(std::vector<std::string> arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const int exit_code = run(std::move(arguments), out, err);
  return {exit_code, out.str(), err.str()};
}

const std::vector<std::vector<std::string>> kCommands = {{"model", "push"},
                                                         {"model", "list"},
                                                         {"model", "show"},
                                                         {"model", "approve"},
                                                         {"model", "reject"},
                                                         {"model", "retire"},
                                                         {"model", "verify"},
                                                         {"model", "pull"},
                                                         {"key", "create"},
                                                         {"key", "list"},
                                                         {"key", "rotate"},
                                                         {"key", "revoke"},
                                                         {"audit", "verify"},
                                                         {"audit", "query"},
                                                         {"audit", "receipt"},
                                                         {"audit", "check"},
                                                         {"audit", "checkpoint"},
                                                         {"audit", "key"},
                                                         {"webhook", "create"},
                                                         {"webhook", "list"},
                                                         {"webhook", "show"},
                                                         {"webhook", "test"},
                                                         {"webhook", "deliveries"},
                                                         {"webhook", "send"},
                                                         {"webhook", "remove"},
                                                         {"reproduce"},
                                                         {"probe"}};

TEST(Cli, EachSubcommandHasHelpWithAnExample) {
  for (std::vector<std::string> command : kCommands) {
    const std::string name = "slipway " + command[0] + (command.size() > 1 ? " " + command[1] : "");
    command.push_back("--help");
    const Outcome help = outcome(command);
    EXPECT_EQ(help.exit_code, 0) << name;
    EXPECT_THAT(help.out, HasSubstr("Example")) << name;
    EXPECT_THAT(help.out, HasSubstr(name)) << name;
    EXPECT_THAT(help.err, IsEmpty()) << name;
  }
}

TEST(Cli, TopHelpListsEverything) {
  const Outcome help = outcome({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* word :
       {"model", "key", "audit", "probe", "--server", "--key-file", "--json", "SLIPWAY_SERVER", "Exit codes"}) {
    EXPECT_THAT(help.out, HasSubstr(word));
  }
  EXPECT_THAT(outcome({"--version"}).out, HasSubstr("slipway "));
}

TEST(Cli, WrongCommandLinesExitWithTwoAndSayWhy) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"nonsense"},
      {"model"},
      {"model", "nonsense"},
      {"model", "push"},
      {"model", "push", "x.onnx", "--name", "iris"},
      {"model", "push", "x.onnx", "--name", "iris", "--version", "1.0.0", "--metadata", "no-equals"},
      {"model", "approve", "iris"},
      {"model", "approve", "@1.0.0"},
      {"model", "reject", "iris@1.0.0"},
      {"model", "pull", "iris@1.0.0", "/tmp"},
      {"model", "list", "--limit", "0"},
      {"model", "list", "--server", "ftp://x"},
      {"model", "list", "--key", "slipway_mistyped"},
      {"key", "create", "--name", "ann", "--role", "root"},
      {"key", "create", "--name", "ann", "--role", "viewer", "--expires-in-days", "0"},
      {"audit", "verify", "--key", "k"},
      {"audit", "check", "/no/such/file", "--key", "nonsense"},
      {"audit", "query", "--kind", "other"}};
  for (const auto& arguments : wrong) {
    const Outcome refused = outcome(arguments);
    EXPECT_EQ(refused.exit_code, 2) << testing::PrintToString(arguments);
    EXPECT_FALSE(refused.err.empty()) << testing::PrintToString(arguments);
    EXPECT_THAT(refused.out, IsEmpty()) << testing::PrintToString(arguments);
  }
}

TEST(Cli, RepeatedOptionsDoNotSwallowTheModel) {
  const Outcome refused = outcome({"model", "push", "--metadata", "a=b", "--file", "/no/such/file",
                                   "/no/such/model.onnx", "--name", "iris", "--version", "1.0.0"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("/no/such/model.onnx does not exist"));
}

TEST(Cli, NoServerExitsWithThree) {
  const Outcome refused = outcome({"model", "list", "--server", "http://127.0.0.1:1"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("no answer from http://127.0.0.1:1"));
  EXPECT_THAT(outcome({"--server", "http://127.0.0.1:1", "--json", "key", "list"}).err,
              HasSubstr(R"("reason":"cli.unreachable")"));
}

TEST(Cli, FailedCheckExitsWithOne) {
  const Outcome refused = outcome({"audit", "verify", "--data", "/no/such/directory"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("error: "));
}

TEST(Cli, PullLeavesNothingBehindWhenItFails) {
  const std::string parent = testing::TempDir() + "cli_pull_" + std::to_string(getpid());
  std::filesystem::create_directories(parent);
  EXPECT_EQ(outcome({"model", "pull", "iris@1.0.0", parent + "/iris", "--server", "http://127.0.0.1:1"}).exit_code, 3);
  EXPECT_TRUE(std::filesystem::is_empty(parent));
  std::filesystem::remove_all(parent);
}

}  // namespace
}  // namespace slipway::cli
