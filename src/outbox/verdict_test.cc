#include "outbox/verdict.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const WallTime kNow{hours{24 * 20'000}};
const DeliveryLimits kLimits{
    .backoff = {milliseconds{1'000}, milliseconds{600'000}}, .attempts_max = 3, .age_max = hours{24}};

Delivery delivery(std::int64_t attempts, std::chrono::microseconds age = seconds{1}) {
  Delivery made;
  made.attempts = attempts;
  made.created_at = kNow - age;
  return made;
}

SendOutcome answer(int status, seconds retry_after = seconds{0}) {
  SendOutcome outcome;
  outcome.status = status;
  outcome.retry_after = retry_after;
  return outcome;
}

TEST(Backoff, DoublesItsBoundUpToTheLimit) {
  const Backoff backoff{milliseconds{100}, milliseconds{1'000}};
  const auto bound = [&](std::int64_t failures) {
    milliseconds most{0};
    for (std::uint64_t i = 0; i < 5'000; ++i) most = std::max(most, backoff_after(backoff, failures, i));
    return most.count();
  };
  EXPECT_EQ(bound(1), 99);
  EXPECT_EQ(bound(2), 199);
  EXPECT_EQ(bound(4), 799);
  EXPECT_EQ(bound(5), 999);
  EXPECT_EQ(bound(1'000'000), 999);
  EXPECT_EQ(backoff_after(backoff, 5, 0).count(), 0);
}

TEST(Backoff, IsNothingWhereItIsSwitchedOff) {
  EXPECT_EQ(backoff_after({milliseconds{0}, milliseconds{0}}, 3, 12'345).count(), 0);
}

TEST(Verdict, AReceiptIsAnyAnswerOf2xx) {
  for (const int status : {200, 201, 204, 299}) {
    const Verdict verdict = judge(delivery(2), answer(status), 7, kLimits, kNow, 1);
    EXPECT_EQ(verdict.state, DeliveryState::kDelivered) << status;
    EXPECT_EQ(verdict.failures, 0);
    EXPECT_EQ(verdict.retry_at, kNow);
  }
}

TEST(Verdict, EverythingElseIsTriedAgainUpToTheLimit) {
  for (const int status : {0, 100, 302, 400, 410, 429, 500, 503}) {
    EXPECT_EQ(judge(delivery(0), answer(status), 0, kLimits, kNow, 1).state, DeliveryState::kWaiting) << status;
    EXPECT_EQ(judge(delivery(1), answer(status), 0, kLimits, kNow, 1).state, DeliveryState::kWaiting) << status;
    EXPECT_EQ(judge(delivery(2), answer(status), 0, kLimits, kNow, 1).state, DeliveryState::kDead) << status;
  }
  EXPECT_EQ(judge(delivery(0, hours{24}), answer(500), 0, kLimits, kNow, 1).state, DeliveryState::kDead);
}

TEST(Verdict, TheTargetsFailuresInARowMakeItWaitLonger) {
  const auto wait = [](std::int64_t failures) {
    return judge(delivery(0), answer(500), failures, kLimits, kNow, 999).retry_at - kNow;
  };
  EXPECT_EQ(judge(delivery(0), answer(500), 4, kLimits, kNow, 1).failures, 5);
  EXPECT_EQ(wait(0), milliseconds{999});
  EXPECT_EQ(judge(delivery(0), answer(500), 1, kLimits, kNow, 1'999).retry_at - kNow, milliseconds{1'999});
}

TEST(Verdict, HeedsRetryAfterUpToTheLimit) {
  EXPECT_EQ(judge(delivery(0), answer(429, seconds{30}), 0, kLimits, kNow, 0).retry_at - kNow, seconds{30});
  EXPECT_EQ(judge(delivery(0), answer(503, hours{100}), 0, kLimits, kNow, 0).retry_at - kNow, seconds{600});
}

}  // namespace
}  // namespace slipway
