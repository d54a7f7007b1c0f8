#include "serving/breaker.h"

#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace slipway {
namespace {

using std::chrono::milliseconds;
using State = BreakerState;

class BreakerTest : public ::testing::Test {
 protected:
  BreakerPolicy policy() const {
    BreakerPolicy policy;
    policy.slow_after = milliseconds(50);
    policy.slow_ratio = 0.8;
    policy.window = milliseconds(10'000);
    policy.calls_min = 10;
    policy.open_for = milliseconds(4'000);
    policy.probes = 2;
    return policy;
  }
  // Whether the call was let through.
  bool call(bool has_failed, milliseconds duration = milliseconds(1)) {
    auto permit = breaker_.try_enter(now_);
    if (permit) permit->finish(has_failed, duration, now_);
    return permit.has_value();
  }
  void open() {
    for (int i = 0; i < 10; ++i) call(true);
    ASSERT_EQ(breaker_.state(), State::kOpen);
  }

  Monotonic now_{std::chrono::hours(1)};
  SeededRandom random_{1};
  std::vector<State> changes_;
  Breaker breaker_{policy(), now_, [this](const BreakerChange& change) { changes_.push_back(change.to); }, random_};
};

TEST_F(BreakerTest, OpensAtTheFailureRatioOnceEnoughCallsEnded) {
  for (int i = 0; i < 5; ++i) call(false);
  for (int i = 0; i < 4; ++i) call(true);
  EXPECT_EQ(breaker_.state(), State::kClosed) << "nine calls";
  EXPECT_TRUE(call(true));
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_FALSE(call(false));
}

TEST_F(BreakerTest, OpensAtTheRatioOfSlowCalls) {
  for (int i = 0; i < 2; ++i) call(false);
  for (int i = 0; i < 7; ++i) call(false, milliseconds(51));
  EXPECT_EQ(breaker_.state(), State::kClosed);
  call(false, milliseconds(51));
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(BreakerTest, ForgetsWhatIsOlderThanTheWindow) {
  for (int i = 0; i < 9; ++i) call(true);
  now_ += milliseconds(10'000);
  call(true);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, ClosesAfterAllProbesSucceededAndRefusesMore) {
  open();
  now_ += milliseconds(3'999);
  EXPECT_FALSE(call(false));
  now_ += milliseconds(1'001);
  auto first = breaker_.try_enter(now_);
  auto second = breaker_.try_enter(now_);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(breaker_.try_enter(now_));
  first->finish(false, milliseconds(1), now_);
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  second->finish(false, milliseconds(1), now_);
  EXPECT_EQ(changes_, (std::vector{State::kOpen, State::kHalfOpen, State::kClosed}));
}

TEST_F(BreakerTest, OpensAgainAtTheFirstProbeThatFailsOrIsSlow) {
  for (const bool has_failed : {true, false}) {
    changes_.clear();
    if (breaker_.state() == State::kClosed) open();
    now_ += milliseconds(5'000);
    EXPECT_TRUE(call(has_failed, milliseconds(has_failed ? 1 : 51)));
    EXPECT_EQ(breaker_.state(), State::kOpen);
    EXPECT_FALSE(call(false));
  }
}

TEST_F(BreakerTest, TakesBackThePlaceOfAProbeThatNeverEnded) {
  open();
  now_ += milliseconds(5'000);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(breaker_.try_enter(now_)) << i;
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
}

TEST_F(BreakerTest, CallsOfAnEarlierStateDecideNothing) {
  std::vector<Breaker::Permit> late;
  for (int i = 0; i < 20; ++i) late.push_back(*breaker_.try_enter(now_));
  open();
  now_ += milliseconds(5'000);
  for (int i = 0; i < 2; ++i) call(false);
  ASSERT_EQ(breaker_.state(), State::kClosed);
  for (Breaker::Permit& permit : late) permit.finish(true, milliseconds(1), now_);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, LetsNoMoreProbesThroughThanAllowedFromManyThreads) {
  open();
  now_ += milliseconds(5'000);
  std::atomic<int> passed = 0;
  std::atomic<int> tried = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      auto permit = breaker_.try_enter(now_);
      passed += permit ? 1 : 0;
      ++tried;
      while (tried < 4) std::this_thread::yield();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(passed, 2);
}

TEST(IsBreakerFailure, BlamesTheModelAndTheMachineOnly) {
  const auto is_failure = [](Code code, std::string reason) { return is_breaker_failure({code, reason, "", {}}); };
  EXPECT_TRUE(is_failure(Code::kInternal, "run.failed"));
  EXPECT_TRUE(is_failure(Code::kUnavailable, "x"));
  EXPECT_TRUE(is_failure(Code::kDeadlineExceeded, "serving.deadline"));
  EXPECT_TRUE(is_failure(Code::kResourceExhausted, "run.out_of_memory"));
  EXPECT_FALSE(is_failure(Code::kResourceExhausted, "serving.queue_full"));
  EXPECT_FALSE(is_failure(Code::kInvalidArgument, "contract.violation"));
  EXPECT_FALSE(is_failure(Code::kNotFound, "model.not_found"));
  EXPECT_FALSE(is_failure(Code::kCancelled, "x"));
}

}  // namespace
}  // namespace slipway
