#include "data/number.h"

#include <cmath>
#include <gtest/gtest.h>

namespace slipway {
namespace {

std::string floor_of(std::string_view text) { return to_string(Number::parse(text)->floor()); }
std::string ceiling_of(std::string_view text) { return to_string(Number::parse(text)->ceiling()); }

TEST(Number, KeepsWholeNumbersExactly) {
  EXPECT_EQ(floor_of("9007199254740993"), "9007199254740993");
  EXPECT_EQ(floor_of("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(floor_of("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(floor_of("9007199254740993.000"), "9007199254740993");
  EXPECT_EQ(floor_of("1e3"), "1000");
  EXPECT_TRUE(Number::parse("1.50e1")->is_whole());
  EXPECT_FALSE(Number::parse("1.5")->is_whole());
}

TEST(Number, RoundsDownAndUp) {
  EXPECT_EQ(floor_of("2.5"), "2");
  EXPECT_EQ(ceiling_of("2.5"), "3");
  EXPECT_EQ(floor_of("-2.5"), "-3");
  EXPECT_EQ(ceiling_of("-2.5"), "-2");
  EXPECT_EQ(floor_of("-0.0001"), "-1");
  EXPECT_EQ(ceiling_of("-0.0001"), "0");
  EXPECT_EQ(ceiling_of("1e-300"), "1");
}

TEST(Number, CutsWhatNoColumnReaches) {
  EXPECT_EQ(floor_of("1e300"), to_string(WideInt{1} << 100));
  EXPECT_EQ(floor_of("-1e300"), to_string(-(WideInt{1} << 100)));
}

TEST(Number, TakesTheNearestFloatingPointValue) {
  EXPECT_EQ(Number::parse("0.1")->to_double(), 0.1);
  EXPECT_EQ(Number::parse("0.1")->to_float(), 0.1F);
  EXPECT_EQ(Number::parse("+7.25")->to_double(), 7.25);
  EXPECT_TRUE(std::isinf(Number::parse("1e39")->to_float()));
  EXPECT_EQ(Number::parse("-1e39")->to_float(), -INFINITY);
  EXPECT_EQ(Number::parse("1e-60")->to_float(), 0.0F);
}

TEST(Number, RefusesWhatIsNotADecimal) {
  for (const std::string_view text : {"", "-", ".", "1.2.3", "1e", "1e+-3", "1e++3", "0x10", "1_000", " 1", "1 ", "NaN",
                                      ".inf", "1e999", "1234567890123456789012345678901234567", "--1", "1f"}) {
    EXPECT_FALSE(Number::parse(text)) << text;
  }
}

TEST(Number, AcceptsEverySpellingOfADecimal) {
  EXPECT_EQ(*Number::parse("1"), *Number::parse("1.0"));
  EXPECT_EQ(*Number::parse("100"), *Number::parse("1e2"));
  EXPECT_EQ(*Number::parse("-0"), *Number::parse("0"));
  EXPECT_EQ(*Number::parse(".5"), *Number::parse("5e-1"));
  EXPECT_EQ(*Number::parse("007"), *Number::parse("7"));
  EXPECT_EQ(*Number::parse("1000000000000000000000000000000000000000"), *Number::parse("1e39"));
}

TEST(Number, ComparesAsValues) {
  const auto order = [](std::string_view left, std::string_view right) {
    return compare(*Number::parse(left), *Number::parse(right));
  };
  EXPECT_EQ(order("1", "1.0"), 0);
  EXPECT_EQ(order("9007199254740993", "9007199254740992"), 1);
  EXPECT_EQ(order("-1.5", "-1"), -1);
  EXPECT_EQ(order("1.25", "1.5"), -1);
  EXPECT_EQ(order("1", "1.5"), -1);
}

}  // namespace
}  // namespace slipway
