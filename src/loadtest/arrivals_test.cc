#include "loadtest/arrivals.h"

#include <cmath>
#include <gtest/gtest.h>

namespace slipway::loadtest {
namespace {

TEST(ArrivalSchedule, ConstantOnesAreEquallySpaced) {
  ArrivalSchedule schedule(Arrivals::kConstant, 1'000, 1);
  for (std::uint64_t i = 0; i < 100; ++i, schedule.advance()) EXPECT_EQ(schedule.due_ns(), i * 1'000'000);
}

// The gaps of a Poisson process are exponential: mean and standard deviation are both 1 / rate.
TEST(ArrivalSchedule, PoissonGapsHaveTheMomentsOfAnExponential) {
  constexpr int kCount = 200'000;
  ArrivalSchedule schedule(Arrivals::kPoisson, 1'000, 7);
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kCount; ++i) {
    const auto before = static_cast<double>(schedule.due_ns());
    schedule.advance();
    const double gap = static_cast<double>(schedule.due_ns()) - before;
    ASSERT_GE(gap, 0);
    sum += gap;
    squares += gap * gap;
  }
  const double mean = sum / kCount;
  EXPECT_NEAR(mean, 1e6, 1e4);
  EXPECT_NEAR(std::sqrt(squares / kCount - mean * mean), 1e6, 2e4);
}

}  // namespace
}  // namespace slipway::loadtest
