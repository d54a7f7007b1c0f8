#include "registry/owned_tensor.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace slipway {
namespace {

using I = std::int64_t;
using U = std::uint64_t;

std::string round_trip(DataType type, const Cell& cell) {
  OwnedTensor tensor("x", type, {1});
  return tensor.append(cell) ? to_text(cell_at(tensor.view(), 0)) : "refused";
}

TEST(OwnedTensor, HoldsWhatTheTypeCanSay) {
  EXPECT_EQ(round_trip(DataType::kBool, I{1}), "1");
  EXPECT_EQ(round_trip(DataType::kBool, I{2}), "refused");
  EXPECT_EQ(round_trip(DataType::kUint8, I{255}), "255");
  EXPECT_EQ(round_trip(DataType::kUint8, I{256}), "refused");
  EXPECT_EQ(round_trip(DataType::kUint8, I{-1}), "refused");
  EXPECT_EQ(round_trip(DataType::kInt8, I{-128}), "-128");
  EXPECT_EQ(round_trip(DataType::kInt8, I{128}), "refused");
  EXPECT_EQ(round_trip(DataType::kInt16, 7.0), "7");
  EXPECT_EQ(round_trip(DataType::kInt16, 7.5), "refused");
  EXPECT_EQ(round_trip(DataType::kUint16, I{65535}), "65535");
  EXPECT_EQ(round_trip(DataType::kInt32, std::nan("")), "refused");
  EXPECT_EQ(round_trip(DataType::kUint32, 4294967295.0), "4294967295");
  EXPECT_EQ(round_trip(DataType::kUint32, 4294967296.0), "refused");
  EXPECT_EQ(round_trip(DataType::kInt64, I{std::numeric_limits<I>::min()}), "-9223372036854775808");
  EXPECT_EQ(round_trip(DataType::kInt64, U{1} << 63), "refused");
  EXPECT_EQ(round_trip(DataType::kInt64, 9223372036854775808.0), "refused");
  EXPECT_EQ(round_trip(DataType::kInt64, -9223372036854775808.0), "-9223372036854775808");
  EXPECT_EQ(round_trip(DataType::kUint64, std::numeric_limits<U>::max()), "18446744073709551615");
  EXPECT_EQ(round_trip(DataType::kUint64, 18446744073709551616.0), "refused");
  EXPECT_EQ(round_trip(DataType::kFp64, 0.1), "0.1");
  EXPECT_EQ(round_trip(DataType::kFp32, 0.5), "0.5");
  EXPECT_EQ(round_trip(DataType::kFp16, 0.333251953125), "0.333251953125");  // 0x3555, IEEE 754 half of 1/3
  EXPECT_EQ(round_trip(DataType::kBf16, 1.0 / 3), "0.333984375");            // 0x3EAB
  EXPECT_EQ(round_trip(DataType::kBf16, 1.00390625), "1");                   // 1 + 2^-8: a tie, to even
  EXPECT_EQ(round_trip(DataType::kBytes, std::string("a\0b", 3)), std::string("a\0b", 3));
  EXPECT_EQ(round_trip(DataType::kBytes, I{1}), "refused");
  EXPECT_EQ(round_trip(DataType::kFp32, std::string("1")), "refused");
}

TEST(OwnedTensor, ViewsAndCopies) {
  OwnedTensor tensor("x", DataType::kBytes, {2});
  ASSERT_TRUE(tensor.append(std::string("a")));
  ASSERT_TRUE(tensor.append(std::string("bc")));
  const OwnedTensor copy = OwnedTensor::copy(tensor.view());
  const TensorView view = copy.view();
  EXPECT_EQ(view.name, "x");
  EXPECT_EQ(element_count(view), 2U);
  EXPECT_EQ(view.strings[1], "bc");
  EXPECT_EQ(view.shape[0], 2);
}

}  // namespace
}  // namespace slipway
