#include "reproduce/tolerance.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "base/json_writer.h"

namespace slipway::reproduce {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// numpy.isclose(1.05, 1.0, rtol=0.05, atol=0): the recorded number is the reference.
TEST(Bounds, AreRelativeToTheRecordedNumber) {
  const Bounds bounds{0.5, 0, false};
  EXPECT_TRUE(bounds.holds(2, 3));
  EXPECT_TRUE(bounds.holds(-2, -1));
  EXPECT_FALSE(bounds.holds(2, 3.001));
  EXPECT_FALSE(bounds.holds(0, 1e-300));
  EXPECT_TRUE((Bounds{0, 0.25, false}).holds(0, -0.25));
}

TEST(Bounds, KnowNanAndInfinity) {
  const Bounds wide{1e6, 1e6, false};
  EXPECT_TRUE(wide.holds(kNan, kNan));
  EXPECT_FALSE(wide.holds(kNan, 1));
  EXPECT_FALSE(wide.holds(1, kNan));
  EXPECT_TRUE(wide.holds(kInfinity, kInfinity));
  EXPECT_FALSE(wide.holds(kInfinity, -kInfinity));
  EXPECT_FALSE(wide.holds(1, kInfinity));
  EXPECT_TRUE((Bounds{0, 0, true}).holds(1, kNan));
}

TEST(Tolerance, TakesTheLongestPlace) {
  const auto tolerance = parse_tolerance(
      R"({"relative":1e-6,"places":{"m.json":{"relative":0.1},"m.json#/a":{"absolute":1},"m.json#/a/b":{"ignored":true}}})");
  ASSERT_TRUE(tolerance) << tolerance.error().message;
  EXPECT_EQ(tolerance->at("other.json#/a").relative, 1e-6);
  EXPECT_EQ(tolerance->at("m.json#/x").relative, 0.1);
  EXPECT_EQ(tolerance->at("m.json#").relative, 0.1);
  EXPECT_EQ(tolerance->at("m.json#/a/0").absolute, 1);
  EXPECT_EQ(tolerance->at("m.json#/a").relative, 0);
  EXPECT_TRUE(tolerance->at("m.json#/a/b/c").is_ignored);
  EXPECT_FALSE(tolerance->at("m.json#/ab").is_ignored);
}

TEST(Tolerance, IsReadBackAsItIsWritten) {
  const char* text =
      R"({"absolute":0.25,"places":{"a#/b":{"absolute":1e-09,"ignored":true,"relative":0.5},"c":{}},"relative":1e-06})";
  const auto tolerance = parse_tolerance(text);
  ASSERT_TRUE(tolerance) << tolerance.error().message;
  std::string written;
  JsonWriter json(written);
  write_tolerance(json, *tolerance);
  EXPECT_EQ(written, text);
}

TEST(Tolerance, RefusesWhatItDoesNotKnow) {
  for (const char* text : {R"({"relative":-1})", R"({"relative":"1"})", R"({"relativ":1})", R"({"relative":1e16})",
                           R"({"places":{"a":{"relative":1,"relative":2}}})", R"({"places":[]})", "[]", "1e-6"}) {
    const auto tolerance = parse_tolerance(text);
    ASSERT_FALSE(tolerance) << text;
    EXPECT_EQ(tolerance.error().reason, "reproduce.tolerance");
  }
}

}  // namespace
}  // namespace slipway::reproduce
