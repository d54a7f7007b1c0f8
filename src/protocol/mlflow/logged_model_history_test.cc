#include "protocol/mlflow/logged_model_history.h"

#include <gtest/gtest.h>

#include "tracking/limits.h"

namespace slipway::mlflow {
namespace {

std::string model(std::string_view path) {
  return R"({"artifact_path":")" + std::string(path) + R"(","flavors":{},"utc_time_created":"now","run_id":"r"})";
}

TEST(LoggedModelHistory, GrowsAtItsEnd) {
  const std::string one = *append_logged_model("", model("a"));
  EXPECT_EQ(one, "[" + model("a") + "]");
  EXPECT_EQ(*append_logged_model(one, model("b")), "[" + model("a") + "," + model("b") + "]");
  EXPECT_EQ(*append_logged_model("overwritten", model("b")), "[" + model("b") + "]");
}

TEST(LoggedModelHistory, DropsTheOldestWhereATagIsFull) {
  const std::string half(kRunTagValueCharactersMax / 2, 'x');
  const std::string one = *append_logged_model("", model(half));
  EXPECT_EQ(*append_logged_model(one, model(half + "y")), "[" + model(half + "y") + "]");
  std::string full;
  for (int i = 0; i < 1000; ++i) full = *append_logged_model(full, model(std::to_string(i)));
  EXPECT_LE(full.size(), kRunTagValueCharactersMax);
  EXPECT_GT(full.size(), kRunTagValueCharactersMax - 2 * model("999").size());
  EXPECT_TRUE(full.ends_with(model("999") + "]"));
}

TEST(LoggedModelHistory, TakesOnlyModels) {
  EXPECT_FALSE(append_logged_model("", "x").has_value());
  EXPECT_FALSE(append_logged_model("", "[]").has_value());
  EXPECT_FALSE(append_logged_model("", model(std::string(kRunTagValueCharactersMax, 'x'))).has_value());
  EXPECT_EQ(append_logged_model("", R"({"artifact_path":"a"})").error().message,
            "Missing value for required parameter 'model_json.flavors'.");
}

}  // namespace
}  // namespace slipway::mlflow
