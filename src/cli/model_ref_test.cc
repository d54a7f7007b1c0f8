#include "cli/model_ref.h"

#include <gtest/gtest.h>

#include "cli/exit_code.h"

namespace slipway::cli {
namespace {

TEST(ModelRef, SplitsAtTheFirstAt) {
  EXPECT_EQ(parse_model_ref("iris")->version, "");
  const auto ref = parse_model_ref("iris@1.0.0-rc.1+b");
  EXPECT_EQ(ref->model, "iris");
  EXPECT_EQ(ref->version, "1.0.0-rc.1+b");
}

TEST(ModelRef, RefusesHalves) {
  for (const char* text : {"", "@", "@1.0.0", "iris@"}) {
    const auto ref = parse_model_ref(text);
    ASSERT_FALSE(ref) << text;
    EXPECT_EQ(exit_code_of(ref.error()), kUsage);
  }
  EXPECT_FALSE(parse_version_ref("iris"));
}

TEST(ModelRef, TargetIsPercentEncoded) {
  EXPECT_EQ(model_target({"iris", "1.0.0+b"}), "/api/v1/models/iris/versions/1.0.0%2Bb");
  EXPECT_EQ(model_target({"../x?y", ""}), "/api/v1/models/..%2Fx%3Fy");
}

}  // namespace
}  // namespace slipway::cli
