#include "serving/tune_plan.h"

#include <gmock/gmock.h>

#include "serving/policy.h"

namespace slipway {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// One instance: 30, 60 and 191 µs for 1, 8 and 32 rows; two instances on two cores do nearly twice as much.
const std::vector<TunePoint> kMlp = {{1, 1, 30, 35, 33'000},     {8, 1, 60, 70, 133'000},   {32, 1, 191, 220, 167'000},
                                     {64, 1, 380, 430, 168'000}, {1, 2, 31, 40, 64'000},    {8, 2, 62, 80, 258'000},
                                     {32, 2, 195, 240, 328'000}, {64, 2, 390, 460, 330'000}};
// The same shape, a hundred times slower: for runners.
std::vector<TunePoint> slow() {
  std::vector<TunePoint> points = kMlp;
  for (TunePoint& point : points) {
    point.run_p50_us *= 100;
    point.run_p99_us *= 100;
    point.rows_per_s /= 100;
  }
  return points;
}

TEST(TunePlan, TakesTheFewestRowsAndInstancesThatAreNearlyTheBest) {
  const TuneProposal proposal = propose_policy(kMlp, {});
  EXPECT_EQ(proposal.chosen.rows, 32U);
  EXPECT_EQ(proposal.chosen.instances, 2U);
  EXPECT_NEAR(proposal.gain, 328'000.0 / 33'000, 1e-9);
  EXPECT_TRUE(proposal.is_inline);
  EXPECT_TRUE(proposal.is_in_time);
  EXPECT_EQ(proposal.policy.rows_max, 32U);
  EXPECT_EQ(proposal.policy.instances, 0U) << "of an inline version the I/O threads decide";
  EXPECT_EQ(proposal.policy.delay_max, 0us);
}

TEST(TunePlan, KeepsTheLatency) {
  const TuneProposal proposal = propose_policy(slow(), {.latency_max = 20ms});
  EXPECT_EQ(proposal.chosen.rows, 8U) << "two runs of 32 rows take 48 ms";
  EXPECT_FALSE(proposal.is_inline);
  EXPECT_EQ(proposal.policy.instances, 2U);
  EXPECT_EQ(proposal.policy.delay_max, 3000us) << "no longer than a row alone, and than is left of the latency";
  const TuneProposal tighter = propose_policy(slow(), {.latency_max = 16'450us});
  EXPECT_EQ(tighter.chosen.rows, 8U);
  EXPECT_EQ(tighter.policy.delay_max, 400us);
}

TEST(TunePlan, SaysWhenTheLatencyIsOutOfReach) {
  const TuneProposal proposal = propose_policy(slow(), {.latency_max = 5ms});
  EXPECT_FALSE(proposal.is_in_time);
  EXPECT_EQ(proposal.chosen.rows, 1U);
  EXPECT_EQ(proposal.chosen.instances, 1U);
  EXPECT_FALSE(proposal.policy.is_enabled);
}

TEST(TunePlan, TurnsBatchingOffWhereItDoesNotPay) {
  const std::vector<TunePoint> linear = {{1, 1, 1000, 1100, 1000}, {8, 1, 8000, 8100, 1010}, {1, 2, 1900, 2100, 1040}};
  const TuneProposal proposal = propose_policy(linear, {.latency_max = 1s});
  EXPECT_EQ(proposal.chosen.rows, 1U);
  EXPECT_EQ(proposal.chosen.instances, 1U) << "the model uses both cores by itself";
  EXPECT_FALSE(proposal.policy.is_enabled);
  EXPECT_THAT(batch_section(proposal.policy), HasSubstr("enabled: false"));
}

TEST(TunePlan, TheSectionReadsAsThePolicy) {
  for (const auto& points : {kMlp, slow()}) {
    for (const auto latency : {1ms, 20ms, 1000ms}) {
      const BatchPolicy wanted = propose_policy(points, {.latency_max = latency}).policy;
      const auto read = parse_policy(batch_section(wanted));
      ASSERT_TRUE(read) << read.error().message << batch_section(wanted);
      EXPECT_EQ(read->batch, wanted) << batch_section(wanted);
    }
  }
}

}  // namespace
}  // namespace slipway
