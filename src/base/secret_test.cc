#include "base/secret.h"

#include <gtest/gtest.h>
#include <ostream>
#include <type_traits>

namespace slipway {
namespace {

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string_view> && !std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);

TEST(Secret, MovesAndLeavesNothingBehind) {
  Secret first(std::string(100, 's'));
  Secret second(std::move(first));
  EXPECT_TRUE(first.is_empty());  // NOLINT: what is left behind is the point
  EXPECT_EQ(second.reveal(), std::string(100, 's'));
  Secret third("old");
  third = std::move(second);
  EXPECT_TRUE(second.is_empty());  // NOLINT
  EXPECT_EQ(third.reveal().size(), 100U);
  Secret& same = third;
  third = std::move(same);
  EXPECT_EQ(third.reveal().size(), 100U) << "moved onto itself";
}

TEST(Secret, ShortTextIsWipedFromTheObjectItself) {
  Secret first("hunter2");  // short enough to be stored inside
  const char* inside = first.reveal().data();
  Secret second(std::move(first));
  EXPECT_NE(std::string_view(inside, 7), "hunter2");
}

TEST(ConstantTimeEqual, ComparesLikeTheOperator) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "ab"));
  EXPECT_FALSE(constant_time_equal(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

}  // namespace
}  // namespace slipway
