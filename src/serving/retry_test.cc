#include "serving/retry.h"

#include <future>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(IsTransient, OnlyWhatMayPass) {
  const auto transient = [](Code code, std::string reason) { return is_transient({code, reason, "", {}}); };
  EXPECT_TRUE(transient(Code::kUnavailable, "x"));
  EXPECT_TRUE(transient(Code::kAborted, "x"));
  EXPECT_TRUE(transient(Code::kResourceExhausted, "run.out_of_memory"));
  EXPECT_FALSE(transient(Code::kResourceExhausted, "serving.queue_full"));
  EXPECT_FALSE(transient(Code::kInternal, "run.failed"));
  EXPECT_FALSE(transient(Code::kDeadlineExceeded, "serving.deadline"));
  EXPECT_FALSE(transient(Code::kInvalidArgument, "contract.violation"));
}

TEST(RetryDelay, DoublesItsBoundUpToTheLongest) {
  RetryPolicy policy;
  policy.backoff_first = microseconds(100);
  policy.backoff_max = microseconds(350);
  EXPECT_EQ(retry_delay(policy, 1, 99), microseconds(99));
  EXPECT_EQ(retry_delay(policy, 1, 100), microseconds(0));
  EXPECT_EQ(retry_delay(policy, 2, 199), microseconds(199));
  EXPECT_EQ(retry_delay(policy, 3, 349), microseconds(349));
  EXPECT_EQ(retry_delay(policy, 3, 350), microseconds(0));
  EXPECT_EQ(retry_delay(policy, UINT32_MAX, 349), microseconds(349));
}

TEST(RetryBudget, KeepsRetriesToAShareOfTheRequests) {
  RetryPolicy policy;
  policy.budget_ratio = 0.2;
  policy.budget_per_second_min = 0;
  const Monotonic now{seconds(5)};
  RetryBudget budget(policy, now);
  EXPECT_FALSE(budget.try_take(now));
  int taken = 0;
  for (int i = 0; i < 1'000; ++i) {
    budget.count_request();
    if (budget.try_take(now)) ++taken;
  }
  EXPECT_EQ(taken, 200);
  for (int i = 0; i < 100'000; ++i) budget.count_request();
  taken = 0;
  while (budget.try_take(now)) ++taken;
  EXPECT_EQ(taken, 10) << "no more is saved up";
}

TEST(RetryBudget, GivesAQuietEndpointAFewEachSecond) {
  RetryPolicy policy;
  policy.budget_per_second_min = 3;
  Monotonic now{seconds(5)};
  RetryBudget budget(policy, now);
  const auto drain = [&] {
    int taken = 0;
    while (budget.try_take(now)) ++taken;
    return taken;
  };
  EXPECT_EQ(drain(), 3);
  now += milliseconds(999);
  EXPECT_EQ(drain(), 2);
  now += milliseconds(2'001);
  EXPECT_EQ(drain(), 7) << "the part of a token that was left is kept";
}

TEST(RunEstimate, ForbidsAnAttemptThatCannotEndInTime) {
  RunEstimate estimate;
  const Monotonic now{seconds(5)};
  EXPECT_TRUE(estimate.fits(now, now + microseconds(1)));
  for (int i = 0; i < 100; ++i) estimate.observe(milliseconds(20));
  EXPECT_FALSE(estimate.fits(now, now + milliseconds(20)));
  EXPECT_TRUE(estimate.fits(now, now + milliseconds(21)));
}

struct PostingThread final : Executor {
  void post(std::coroutine_handle<> handle) override { handle.resume(); }
};

TEST(WaitUntil, GoesOnAtTheTime) {
  PostingThread executor;
  DeadlineTimer timer;
  const Monotonic when = std::chrono::steady_clock::now() + milliseconds(20);
  std::promise<Monotonic> went_on;
  start(wait_until(executor, timer, when), [&](bool) { went_on.set_value(std::chrono::steady_clock::now()); });
  EXPECT_GE(went_on.get_future().get(), when);
}

}  // namespace
}  // namespace slipway
