#include "base/result.h"

#include <gtest/gtest.h>
#include <memory>

namespace slipway {
namespace {

// The numbers and names of google.rpc.Code (googleapis, google/rpc/code.proto).
TEST(Code, HasTheNumbersAndNamesOfGrpc) {
  EXPECT_EQ(to_string(Code::kOk), "ok");
  EXPECT_EQ(static_cast<int>(Code::kInvalidArgument), 3);
  EXPECT_EQ(to_string(Code::kInvalidArgument), "invalid_argument");
  EXPECT_EQ(static_cast<int>(Code::kNotFound), 5);
  EXPECT_EQ(to_string(Code::kPermissionDenied), "permission_denied");
  EXPECT_EQ(static_cast<int>(Code::kFailedPrecondition), 9);
  EXPECT_EQ(to_string(Code::kUnavailable), "unavailable");
  EXPECT_EQ(static_cast<int>(Code::kUnauthenticated), 16);
  EXPECT_EQ(to_string(Code::kUnauthenticated), "unauthenticated");
}

Result<std::unique_ptr<int>> made(bool is_good) {
  if (!is_good) return fail(Code::kNotFound, "test.not_found", "there is none");
  return std::make_unique<int>(7);
}

Result<int> doubled(bool is_good) {
  SLIPWAY_TRY(const std::unique_ptr<int> value, made(is_good));
  SLIPWAY_TRY(int again, made(true).map([](const auto& pointer) { return *pointer; }));
  return *value + again;
}

Status checked(bool is_good, bool& went_on) {
  SLIPWAY_CHECK(is_good ? Status{} : Status(fail(Code::kAborted, "test.aborted", "no")));
  went_on = true;
  return {};
}

TEST(Result, TryBindsTheValueOrReturnsTheError) {
  EXPECT_EQ(doubled(true), 14);
  const auto failed = doubled(false);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::kNotFound);
  EXPECT_EQ(failed.error().reason, "test.not_found");
  EXPECT_EQ(failed.error().message, "there is none");
}

TEST(Result, CheckReturnsEarly) {
  bool went_on = false;
  EXPECT_EQ(checked(false, went_on).error().reason, "test.aborted");
  EXPECT_FALSE(went_on);
  EXPECT_TRUE(checked(true, went_on));
  EXPECT_TRUE(went_on);
}

}  // namespace
}  // namespace slipway
