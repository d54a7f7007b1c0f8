#include "base/tensor.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace slipway {
namespace {

// IEEE 754 binary16 by its definition, in double arithmetic.
double naive_half(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const double fraction = bits & 0x3FF;
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  if (exponent == 0x1F) return fraction != 0 ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1 + fraction / 1024, exponent - 15);
}

TEST(Half, AllValuesConvertExactlyAndBack) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = half_to_float(half);
    const double expected = naive_half(half);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(value)) << bits;
      ASSERT_TRUE(std::isnan(half_to_float(float_to_half(value)))) << bits;
    } else {
      ASSERT_EQ(static_cast<double>(value), expected) << bits;
      ASSERT_EQ(std::signbit(value), std::signbit(expected)) << bits;
      ASSERT_EQ(float_to_half(value), half) << bits;
    }
  }
}

// Between two neighbours: the nearer one, and on a tie the even one.
TEST(Half, RoundsToNearestEvenBetweenAllNeighbours) {
  for (std::uint32_t bits = 0; bits < 0x7BFF; ++bits) {
    const auto low = static_cast<std::uint16_t>(bits);
    const auto high = static_cast<std::uint16_t>(bits + 1);
    const auto middle = static_cast<float>((naive_half(low) + naive_half(high)) / 2);
    const std::uint16_t even = (low & 1) == 0 ? low : high;
    ASSERT_EQ(float_to_half(middle), even) << bits;
    ASSERT_EQ(float_to_half(std::nextafter(middle, 0.0F)), low) << bits;
    ASSERT_EQ(float_to_half(std::nextafter(middle, 1e9F)), high) << bits;
    ASSERT_EQ(float_to_half(-middle), even | 0x8000) << bits;
  }
}

TEST(Half, OverflowIsInfinity) {
  EXPECT_EQ(float_to_half(65504.0F), 0x7BFF);
  EXPECT_EQ(float_to_half(65519.996F), 0x7BFF);
  EXPECT_EQ(float_to_half(65520.0F), 0x7C00);
  EXPECT_EQ(float_to_half(1e30F), 0x7C00);
  EXPECT_EQ(float_to_half(-std::numeric_limits<float>::infinity()), 0xFC00);
  EXPECT_EQ(float_to_half(1e-30F), 0);
}

TEST(BFloat16, IsTheUpperHalfOfAFloat) {
  EXPECT_EQ(bfloat16_to_float(0x3F80), 1.0F);
  EXPECT_EQ(bfloat16_to_float(0xC000), -2.0F);
  EXPECT_EQ(bfloat16_to_float(0x7F80), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(bfloat16_to_float(0x7FC0)));
}

// Open Inference Protocol, "Tensor Data Types".
TEST(DataType, HasTheNamesAndSizesOfTheProtocol) {
  const std::pair<const char*, std::size_t> expected[] = {
      {"BOOL", 1},  {"UINT8", 1}, {"UINT16", 2}, {"UINT32", 4}, {"UINT64", 8}, {"INT8", 1}, {"INT16", 2},
      {"INT32", 4}, {"INT64", 8}, {"FP16", 2},   {"BF16", 2},   {"FP32", 4},   {"FP64", 8}, {"BYTES", 0}};
  for (const auto& [name, size] : expected) {
    const auto type = parse_data_type(name);
    ASSERT_TRUE(type) << name;
    EXPECT_EQ(to_string(*type), name);
    EXPECT_EQ(element_size(*type), size) << name;
  }
  for (const char* name : {"", "fp32", "FP32 ", "STRING", "FLOAT"}) EXPECT_FALSE(parse_data_type(name)) << name;
}

TEST(ElementCount, RefusesWhatCannotBeAndOverflow) {
  using Shape = std::vector<std::int64_t>;
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const auto reason = [](const Shape& shape) {
    const auto count = element_count(shape);
    return count ? std::to_string(*count) : count.error().reason;
  };
  EXPECT_EQ(reason({}), "1");
  EXPECT_EQ(reason({2, 3, 4}), "24");
  EXPECT_EQ(reason({2, 0, 4}), "0");
  EXPECT_EQ(reason({-1}), "tensor.negative_dimension");
  EXPECT_EQ(reason({std::numeric_limits<std::int64_t>::min()}), "tensor.negative_dimension");
  EXPECT_EQ(reason({kMax}), "tensor.too_large");
  EXPECT_EQ(reason({std::int64_t{1} << 32, std::int64_t{1} << 32}), "tensor.too_large");
  EXPECT_EQ(reason({std::int64_t{1} << 62}), std::to_string(std::uint64_t{1} << 62));
  EXPECT_EQ(reason({std::int64_t{1} << 32, std::int64_t{1} << 32, 0}), "tensor.too_large")
      << "a zero does not excuse the rest";
}

}  // namespace
}  // namespace slipway
