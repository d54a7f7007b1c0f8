#include "serving/admission.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Admission, RefusesAboveTheLimitAndTakesPlacesBack) {
  Admission admission(2);
  auto first = admission.try_enter();
  auto second = admission.try_enter();
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  EXPECT_FALSE(admission.try_enter());
  EXPECT_EQ(admission.in_flight(), 2U);
  first = Admission::Place();
  EXPECT_EQ(admission.in_flight(), 1U);
  EXPECT_TRUE(admission.try_enter());
}

TEST(Admission, MovedPlaceIsGivenBackOnce) {
  Admission admission(1);
  {
    auto place = admission.try_enter();
    const auto moved = std::move(place);
    EXPECT_EQ(admission.in_flight(), 1U);
  }
  EXPECT_EQ(admission.in_flight(), 0U);
}

}  // namespace
}  // namespace slipway
