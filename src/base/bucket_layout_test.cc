#include "base/bucket_layout.h"

#include <array>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>

#include "base/metrics.h"

namespace slipway::metrics {
namespace {

TEST(BucketLayout, EveryValueLiesBetweenTheEndsOfItsCell) {
  const BucketLayout layout(latency_bounds(), 1e-9);
  const auto expect_inside = [&](std::uint64_t raw) {
    const std::size_t cell = layout.cell_of(raw);
    ASSERT_LT(cell, layout.buckets());
    EXPECT_LE(raw, layout.largest[cell]) << raw;
    EXPECT_TRUE(cell == 0 || raw > layout.largest[cell - 1]) << raw;
  };
  for (std::uint64_t raw = 0; raw < 5000; ++raw) expect_inside(raw);
  for (int shift = 12; shift < 64; ++shift) {
    for (const std::int64_t offset : {-1, 0, 1})
      expect_inside((std::uint64_t{1} << shift) + static_cast<std::uint64_t>(offset));
  }
  expect_inside(std::numeric_limits<std::uint64_t>::max());
}

RC_GTEST_PROP(BucketLayout, CellsAreOrderedLikeValues, (std::uint64_t a, std::uint64_t b)) {
  static const BucketLayout layout(latency_bounds(), 1e-9);
  const auto spread = *rc::gen::inRange(0, 64);
  a >>= spread;
  if (a > b) std::swap(a, b);
  RC_ASSERT(layout.cell_of(a) <= layout.cell_of(b));
}

TEST(BucketLayout, CellsAreAtMostOneEighthWide) {
  const BucketLayout layout(latency_bounds(), 1e-9);
  for (std::size_t cell = 9; cell + 1 < layout.buckets(); ++cell) {
    const auto low = static_cast<double>(layout.largest[cell - 1] + 1);
    EXPECT_LE((static_cast<double>(layout.largest[cell]) - low) / low, 0.125) << cell;
  }
}

TEST(BucketLayout, BoundsEndACell) {
  const BucketLayout layout(latency_bounds(), 1e-9);
  ASSERT_EQ(layout.bound_cell.size(), latency_bounds().size());
  for (std::size_t i = 0; i < layout.bounds.size(); ++i) {
    const double exposed = static_cast<double>(layout.largest[layout.bound_cell[i]]) * 1e-9;
    EXPECT_NEAR(exposed, layout.bounds[i], 1e-9) << i;
  }
}

TEST(BucketLayout, SmallWholeNumbersAreExact) {
  const std::array<double, 6> batch_sizes = {1, 2, 4, 8, 16, 32};
  const BucketLayout layout(batch_sizes, 1);
  for (std::size_t i = 0; i < batch_sizes.size(); ++i) {
    EXPECT_EQ(static_cast<double>(layout.largest[layout.bound_cell[i]]), batch_sizes[i]);
  }
}

}  // namespace
}  // namespace slipway::metrics
