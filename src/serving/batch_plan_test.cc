#include "serving/batch_plan.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using std::chrono::microseconds;

const CostCurve kSimple({{1, 1.7}, {8, 1.7}, {32, 1.8}});
const CostCurve kMlp({{1, 30}, {8, 60}, {32, 191}});
const CostCurve kLinear({{1, 50}, {8, 400}, {32, 1600}});

BatchPlan plan(const CostCurve& curve, const BatchPolicy& policy = {}, bool is_batchable = true) {
  ModelSignature signature;
  signature.is_batchable = is_batchable;
  return plan_batches(signature, curve, policy, microseconds(250));
}

TEST(BatchPlan, SharesRunsOnTheIoThreadOnlyWhereARowSavesMoreThanCollectingCosts) {
  EXPECT_EQ(plan(kSimple).turn_rows_max, 1U);
  EXPECT_EQ(plan(kMlp).turn_rows_max, 42U) << "as many as 250 µs are enough for";
  EXPECT_EQ(plan(kLinear).turn_rows_max, 1U);
  EXPECT_EQ(plan(CostCurve()).turn_rows_max, 1U);
}

TEST(BatchPlan, SharesRunsOnRunnersWhereItPays) {
  EXPECT_EQ(plan(kSimple).rows_max, 64U);
  EXPECT_EQ(plan(kMlp).rows_max, 64U);
  EXPECT_EQ(plan(kLinear).rows_max, 1U);
  EXPECT_EQ(plan(CostCurve()).rows_max, 1U);
}

TEST(BatchPlan, FollowsThePolicy) {
  EXPECT_EQ(plan(kMlp, {.is_enabled = false}).rows_max, 1U);
  EXPECT_EQ(plan(kMlp, {.is_enabled = false}).turn_rows_max, 1U);
  EXPECT_EQ(plan(kMlp, {.rows_max = 16}).rows_max, 16U);
  EXPECT_EQ(plan(kMlp, {.rows_max = 16}).turn_rows_max, 16U);
  EXPECT_EQ(plan(kLinear, {.rows_max = 16}).rows_max, 16U) << "the owner knows";
}

TEST(BatchPlan, NeverSharesRunsWithoutABatchAxis) {
  EXPECT_EQ(plan(kMlp, {.rows_max = 16}, false).rows_max, 1U);
  EXPECT_EQ(plan(kMlp, {.rows_max = 16}, false).turn_rows_max, 1U);
}

TEST(BatchPlan, TakesTheLargestPreferredSizeThatIsFilled) {
  const BatchPlan limits{.rows_max = 32, .turn_rows_max = 1};
  EXPECT_EQ(rows_to_take(50, {}, limits), 32U);
  EXPECT_EQ(rows_to_take(5, {}, limits), 5U);
  EXPECT_EQ(rows_to_take(17, {.preferred_rows = {4, 8, 16, 64}}, limits), 16U);
  EXPECT_EQ(rows_to_take(99, {.preferred_rows = {4, 8, 16, 64}}, limits), 16U);
  EXPECT_EQ(rows_to_take(3, {.preferred_rows = {4, 8}}, limits), 3U) << "whoever decided not to wait";
}

bool waits(WaitingBatch batch, BatchPolicy policy, const CostCurve& curve = kMlp) {
  return is_worth_waiting(batch, policy, {.rows_max = 32, .turn_rows_max = 1}, curve);
}

TEST(BatchWait, NeverHappensByDefault) { EXPECT_FALSE(waits({.rows = 1, .waited_us = 0, .next_arrival_us = 0}, {})); }

TEST(BatchWait, LastsNoLongerThanThePolicySays) {
  const BatchPolicy policy{.delay_max = microseconds(100), .is_adaptive = false};
  EXPECT_TRUE(waits({.rows = 1, .waited_us = 99, .next_arrival_us = 1e6}, policy));
  EXPECT_FALSE(waits({.rows = 1, .waited_us = 100, .next_arrival_us = 1}, policy));
}

TEST(BatchWait, EndsWithAFullOrPreferredBatch) {
  BatchPolicy policy{.delay_max = microseconds(100), .is_adaptive = false};
  EXPECT_FALSE(waits({.rows = 32, .waited_us = 0, .next_arrival_us = 1}, policy));
  policy.preferred_rows = {4, 8};
  EXPECT_TRUE(waits({.rows = 3, .waited_us = 0, .next_arrival_us = 1}, policy));
  EXPECT_FALSE(waits({.rows = 4, .waited_us = 0, .next_arrival_us = 1}, policy));
  EXPECT_TRUE(waits({.rows = 5, .waited_us = 0, .next_arrival_us = 1}, policy));
  EXPECT_FALSE(waits({.rows = 9, .waited_us = 0, .next_arrival_us = 1}, policy));
}

// One waits (run: 30 µs, of two: 34.3 µs) and the next is d away. Now: 30 + max(0, 30 - d) + 30; waiting: d + 68.6.
// They are equal at d = 10.7.
TEST(BatchWait, GoesOnWhileItLowersTheSumOfTheLatencies) {
  const BatchPolicy policy{.delay_max = microseconds(1000)};
  EXPECT_TRUE(waits({.rows = 1, .waited_us = 0, .next_arrival_us = 10}, policy));
  EXPECT_FALSE(waits({.rows = 1, .waited_us = 0, .next_arrival_us = 11}, policy));
  EXPECT_FALSE(waits({.rows = 16, .waited_us = 0, .next_arrival_us = 10}, policy)) << "sixteen would pay for one";
  EXPECT_FALSE(waits({.rows = 1, .waited_us = 0, .next_arrival_us = 1}, policy, kLinear));
}

TEST(BatchWait, IsNotBegunForARowThatComesTooLate) {
  EXPECT_FALSE(waits({.rows = 1, .waited_us = 0, .next_arrival_us = 6}, {.delay_max = microseconds(5)}));
}

}  // namespace
}  // namespace slipway
