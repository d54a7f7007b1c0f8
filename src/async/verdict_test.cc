#include "async/verdict.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WallTime kNow{hours(24 * 20'000)};
constexpr AsyncLimits kLimits{.attempts_max = 3, .backoff = {seconds(1), seconds(4)}};

Status failed(Code code) { return fail(code, "some.reason", "…"); }

TEST(AsyncVerdict, AnAnswerSettlesIt) { EXPECT_EQ(judge(3, {}, kLimits, kNow, 0).state, AsyncState::kSucceeded); }

TEST(AsyncVerdict, WhatMayPassIsTriedAgainUntilTheLastAttempt) {
  for (const Code code : {Code::kUnavailable, Code::kAborted, Code::kCancelled, Code::kResourceExhausted,
                          Code::kDeadlineExceeded, Code::kNotFound}) {
    EXPECT_EQ(judge(1, failed(code), kLimits, kNow, 0).state, AsyncState::kQueued);
    EXPECT_EQ(judge(2, failed(code), kLimits, kNow, 0).state, AsyncState::kQueued);
    EXPECT_EQ(judge(3, failed(code), kLimits, kNow, 0).state, AsyncState::kDead);
  }
}

TEST(AsyncVerdict, WhatFailsForGoodIsDeadAtOnce) {
  for (const Code code : {Code::kInvalidArgument, Code::kInternal, Code::kOutOfRange, Code::kFailedPrecondition,
                          Code::kUnimplemented, Code::kDataLoss, Code::kUnknown}) {
    EXPECT_EQ(judge(1, failed(code), kLimits, kNow, 0).state, AsyncState::kDead);
  }
}

TEST(AsyncVerdict, TheWaitIsRandomBelowABoundThatDoubles) {
  const auto wait = [](std::int64_t attempts, std::uint64_t random) {
    const AsyncLimits many{.attempts_max = 100, .backoff = {seconds(1), seconds(4)}};
    return judge(attempts, failed(Code::kUnavailable), many, kNow, random).due_at - kNow;
  };
  EXPECT_EQ(wait(1, 0), seconds(0));
  EXPECT_EQ(wait(1, 999), milliseconds(999));
  EXPECT_EQ(wait(1, 1'000), seconds(0));
  EXPECT_EQ(wait(2, 1'999), milliseconds(1'999));
  EXPECT_EQ(wait(9, 3'999), milliseconds(3'999));
  EXPECT_EQ(wait(9, 4'000), seconds(0));
}

TEST(ReplayPace, OneEveryGap) {
  const auto first = take_turn(kNow, milliseconds(100), kNow);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, kNow + milliseconds(100));
  EXPECT_FALSE(take_turn(*first, milliseconds(100), kNow + milliseconds(99)));
  EXPECT_EQ(*take_turn(*first, milliseconds(100), kNow + milliseconds(100)), kNow + milliseconds(200));
}

TEST(ReplayPace, APauseIsMadeUpForByOneBurstAtMost) {
  WallTime next = kNow;
  const WallTime later = kNow + hours(1);
  int started = 0;
  while (const auto after = take_turn(next, milliseconds(10), later)) {
    next = *after;
    ++started;
  }
  EXPECT_EQ(started, 21);  // 200 ms of them, and the one that is due
}

}  // namespace
}  // namespace slipway
