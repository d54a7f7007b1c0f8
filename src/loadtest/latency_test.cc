#include "loadtest/latency.h"

#include <gtest/gtest.h>

namespace slipway::loadtest {
namespace {

TEST(LatencyHistogram, IsEmptyAtFirst) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0);
  EXPECT_EQ(histogram.quantile_ns(0.99), 0);
}

TEST(LatencyHistogram, QuantilesStandWithinABucketOfTheTruth) {
  LatencyHistogram histogram;
  for (std::uint64_t i = 1; i <= 100'000; ++i) histogram.add(i * 100);
  for (const double q : {0.5, 0.9, 0.95, 0.99, 0.999}) {
    EXPECT_NEAR(histogram.quantile_ns(q), q * 1e7, q * 1e7 * 0.125) << q;
  }
  EXPECT_EQ(histogram.quantile_ns(1), 1e7);
  EXPECT_DOUBLE_EQ(histogram.mean_ns(), 5'000'050);
}

TEST(LatencyHistogram, MergeIsAsIfAddedToOne) {
  LatencyHistogram one, other, both;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    (i % 3 == 0 ? one : other).add(i * i);
    both.add(i * i);
  }
  one.merge(other);
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.max_ns(), both.max_ns());
  EXPECT_EQ(one.quantile_ns(0.9), both.quantile_ns(0.9));
}

}  // namespace
}  // namespace slipway::loadtest
