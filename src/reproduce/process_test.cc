#include "reproduce/process.h"

#include <chrono>
#include <gtest/gtest.h>

namespace slipway::reproduce {
namespace {

ProcessSettings shell(std::string script) {
  ProcessSettings settings;
  settings.arguments = {"sh", "-c", std::move(script)};
  return settings;
}

TEST(Process, KeepsWhatIsPrintedAndTheExitCode) {
  const auto end = run_captured(shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->out, "out\n");
  EXPECT_EQ(end->err, "err\n");
  EXPECT_EQ(end->exit_code, 3);
}

TEST(Process, NothingGoesThroughAShell) {
  ProcessSettings settings;
  settings.arguments = {"printf", "%s|", "a b", "$HOME;`id`", ""};
  EXPECT_EQ(run_captured(settings)->out, "a b|$HOME;`id`||");
}

TEST(Process, EnvironmentAndDirectoryAreThoseOfTheSettings) {
  ProcessSettings settings = shell("echo $NAME $HOME; pwd");
  settings.environment = {{"NAME", "value"}, {"PATH", "/usr/bin:/bin"}};
  settings.directory = "/usr";
  EXPECT_EQ(run_captured(settings)->out, "value\n/usr\n");
}

TEST(Process, ReadsNothingFromTheTerminal) { EXPECT_EQ(run_captured(shell("cat; echo end"))->out, "end\n"); }

TEST(Process, ASignalIsAnExitCodeAsInShells) { EXPECT_EQ(run_captured(shell("kill -9 $$"))->exit_code, 137); }

TEST(Process, WhatTakesTooLongIsEndedWithItsChildren) {
  ProcessSettings settings = shell("sleep 60 & sleep 60");
  settings.timeout = std::chrono::milliseconds(100);
  const auto begin = std::chrono::steady_clock::now();
  const auto end = run_captured(settings);
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->is_timed_out);
  EXPECT_FALSE(end->is_success());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(Process, DoesNotWaitForAGrandchildThatKeepsThePipe) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run_captured(shell("sleep 60 & echo done"))->out, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(Process, RefusesTooMuchOutput) {
  EXPECT_EQ(run_captured(shell("head -c 100000 /dev/zero"), 1000).error().reason, "process.too_much_output");
}

TEST(Process, AProgramThatIsMissingIsNamed) {
  ProcessSettings settings;
  settings.arguments = {"no-such-program"};
  EXPECT_EQ(run_captured(settings).error().reason, "process.not_found");
  settings.arguments = {"./no-such-program"};
  EXPECT_EQ(run_captured(settings).error().reason, "process.not_found");
}

TEST(FindProgram, SkipsRelativeFoldersOfThePath) {
  EXPECT_EQ(find_program("sh", ":.:usr/bin:/no:/bin", "/"), "/bin/sh");
  EXPECT_EQ(find_program("bin/sh", "", "/"), "/bin/sh");
  EXPECT_EQ(find_program("sh", "", "/bin"), "");
  EXPECT_EQ(find_program("etc", "/", "/"), "");  // a folder
}

}  // namespace
}  // namespace slipway::reproduce
