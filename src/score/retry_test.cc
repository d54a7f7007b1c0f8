#include "score/retry.h"

#include <gtest/gtest.h>

namespace slipway::score {
namespace {

Blame blame(Code code, std::string reason, std::string message = "") {
  return blame_for({code, std::move(reason), std::move(message), {}});
}

TEST(Retry, TellsWhatPassesFromWhatDoesNot) {
  EXPECT_EQ(blame(Code::kUnavailable, "cli.unreachable"), Blame::kPasses);
  EXPECT_EQ(blame(Code::kResourceExhausted, "serving.overloaded"), Blame::kPasses);
  EXPECT_EQ(blame(Code::kDeadlineExceeded, "serving.deadline"), Blame::kSlow);
  EXPECT_EQ(blame(Code::kInvalidArgument, "contract.violation"), Blame::kRows);
  EXPECT_EQ(blame(Code::kResourceExhausted, "http.body_too_large"), Blame::kRows);
  EXPECT_EQ(blame(Code::kResourceExhausted, "run.out_of_memory"), Blame::kRows);
  EXPECT_EQ(blame(Code::kInternal, "run.failed"), Blame::kRows);
  EXPECT_EQ(blame(Code::kNotFound, "model.version_not_served"), Blame::kJob);
  EXPECT_EQ(blame(Code::kUnauthenticated, "access.unauthenticated"), Blame::kJob);
}

TEST(Retry, ADegradedAnswerIsWaitedForUnlessItsRowsAreToBlame) {
  const std::string reason(kDegradedReason);
  EXPECT_EQ(blame(Code::kUnavailable, reason, R"(source="default"; reason="serving.breaker_open")"), Blame::kPasses);
  EXPECT_EQ(blame(Code::kUnavailable, reason, R"(source="default"; reason="serving.not_finite")"), Blame::kRows);
  EXPECT_EQ(blame(Code::kUnavailable, reason, R"(source="rules"; reason="run.failed")"), Blame::kRows);
}

TEST(Retry, WaitsLongerEachTimeAndAtLeastAsAsked) {
  using std::chrono::milliseconds;
  SeededRandom random(1);
  RetryPolicy policy;
  policy.first = milliseconds(100);
  policy.longest = milliseconds(1'000);
  milliseconds longest[3] = {};
  for (int i = 0; i < 1'000; ++i) {
    longest[0] = std::max(longest[0], wait_before(2, {}, policy, random));
    longest[1] = std::max(longest[1], wait_before(4, {}, policy, random));
    longest[2] = std::max(longest[2], wait_before(90, {}, policy, random));
    EXPECT_GE(wait_before(2, milliseconds(2'000), policy, random), milliseconds(2'000));
  }
  EXPECT_GT(longest[0], milliseconds(90));
  EXPECT_LE(longest[0], milliseconds(100));
  EXPECT_GT(longest[1], milliseconds(360));
  EXPECT_LE(longest[1], milliseconds(400));
  EXPECT_GT(longest[2], milliseconds(900));
  EXPECT_LE(longest[2], milliseconds(1'000));
}

}  // namespace
}  // namespace slipway::score
