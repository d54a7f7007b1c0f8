#include "tracking/point_blocks.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace slipway {
namespace {

using testing::ElementsAre;

std::vector<ThinPoint> points_of(std::int64_t count) {
  std::vector<ThinPoint> points;
  for (std::int64_t step = 0; step < count; ++step) points.push_back({step, step, 0, 0});
  return points;
}

std::vector<std::int64_t> thinned_steps(std::int64_t count, std::size_t limit) {
  std::vector<std::int64_t> steps;
  for (const ThinPoint& point : thin(points_of(count), limit)) steps.push_back(point.step);
  return steps;
}

// What the server of MLflow 3.17 answered to get-history-bulk-interval for 23 points.
TEST(ThinPoints, ArePickedAsMlflowsServerPicksThem) {
  EXPECT_THAT(thinned_steps(23, 1), ElementsAre(22));
  EXPECT_THAT(thinned_steps(23, 2), ElementsAre(0, 22));
  EXPECT_THAT(thinned_steps(23, 5), ElementsAre(0, 5, 10, 15, 22));
  EXPECT_THAT(thinned_steps(23, 7), ElementsAre(0, 4, 8, 11, 14, 17, 22));
  EXPECT_THAT(thinned_steps(23, 22),
              ElementsAre(0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22));
  EXPECT_EQ(thinned_steps(23, 23).size(), 23U);
  EXPECT_EQ(thinned_steps(23, 30).size(), 23U);
  EXPECT_THAT(thinned_steps(0, 5), ElementsAre());
}

RC_GTEST_PROP(ThinPoints, AreTheLimitInOrderWithBothEnds, ()) {
  const auto count = *rc::gen::inRange<std::int64_t>(2, 500);
  const auto limit = *rc::gen::inRange<std::size_t>(2, 600);
  const std::vector<std::int64_t> steps = thinned_steps(count, limit);
  RC_ASSERT(steps.size() == std::min(limit, static_cast<std::size_t>(count)));
  RC_ASSERT(steps.front() == 0);
  RC_ASSERT(steps.back() == count - 1);
  RC_ASSERT(std::ranges::adjacent_find(steps, std::ranges::greater_equal{}) == steps.end());
}

}  // namespace
}  // namespace slipway
