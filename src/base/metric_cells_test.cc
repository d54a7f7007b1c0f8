#include "base/metric_cells.h"

#include <gtest/gtest.h>
#include <set>

namespace slipway::metrics::cells {
namespace {

TEST(MetricCells, RangeStaysInOneBlockAndOverlapsNoOther) {
  std::set<Index> taken;
  std::vector<std::pair<Index, std::size_t>> ranges;
  for (int i = 0; i < 200; ++i) {
    const std::size_t count = i % 3 == 0 ? 311 : 1;
    const Index first = allocate(count);
    ASSERT_NE(first, kSink);
    EXPECT_EQ(first / kPerBlock, (first + count - 1) / kPerBlock);
    for (std::size_t k = 0; k < count; ++k) EXPECT_TRUE(taken.insert(static_cast<Index>(first + k)).second);
    ranges.emplace_back(first, count);
  }
  for (const auto& [first, count] : ranges) release(first, count);
}

TEST(MetricCells, ReleasedCellsAreReusedAndZero) {
  const Index first = allocate(2);
  add(first, 5);
  add(first + 1, 7);
  EXPECT_EQ(sums(first, 2), (std::vector<std::uint64_t>{5, 7}));
  release(first, 2);
  EXPECT_EQ(allocate(2), first);
  EXPECT_EQ(sums(first, 2), (std::vector<std::uint64_t>{0, 0}));
  release(first, 2);
}

}  // namespace
}  // namespace slipway::metrics::cells
