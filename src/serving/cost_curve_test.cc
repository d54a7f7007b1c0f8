#include "serving/cost_curve.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

// As measured on a two-core machine: µs of a run at 1, 8 and 32 rows.
const CostCurve kSimple({{1, 1.7}, {8, 1.7}, {32, 1.8}});
const CostCurve kMlp({{1, 30}, {8, 60}, {32, 191}});

TEST(CostCurve, IsLinearBetweenAndBeyondItsPoints) {
  EXPECT_DOUBLE_EQ(kMlp.run_us(1), 30);
  EXPECT_DOUBLE_EQ(kMlp.run_us(8), 60);
  EXPECT_NEAR(kMlp.run_us(20), 60 + 12 * (191.0 - 60) / 24, 1e-9);
  EXPECT_NEAR(kMlp.run_us(56), 191 + 24 * (191.0 - 60) / 24, 1e-9);
  EXPECT_DOUBLE_EQ(CostCurve({{1, 10}}).run_us(4), 40);
  EXPECT_DOUBLE_EQ(CostCurve().run_us(4), 0);
}

TEST(CostCurve, TellsHowManyRowsATimeIsEnoughFor) {
  EXPECT_EQ(kMlp.rows_within(191, 64), 32U);
  EXPECT_EQ(kMlp.rows_within(190.9, 64), 31U);
  EXPECT_EQ(kMlp.rows_within(10'000, 64), 64U);
  EXPECT_EQ(kMlp.rows_within(29, 64), 0U);
  EXPECT_EQ(CostCurve().rows_within(1000, 64), 0U);
}

TEST(CostCurve, TellsWhatARowSavesByJoining) {
  EXPECT_NEAR(kMlp.saved_us(8), 30 - 30.0 / 7, 1e-9);
  EXPECT_NEAR(kSimple.saved_us(32), 1.7 - 0.1 / 31, 1e-9);
  EXPECT_DOUBLE_EQ(kMlp.saved_us(1), 0);
  EXPECT_LT(CostCurve({{1, 10}, {8, 100}}).saved_us(8), 0) << "eight rows cost more than eight runs";
}

TEST(CostCurve, TakesASmallerRunThatWasMeasuredSlowerForNoise) {
  const CostCurve curve({{1, 50}, {2, 31}, {8, 60}});
  EXPECT_DOUBLE_EQ(curve.run_us(1), 31);
  EXPECT_DOUBLE_EQ(curve.run_us(2), 31);
}

}  // namespace
}  // namespace slipway
