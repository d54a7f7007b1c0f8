#include "registry/model.h"

#include <gtest/gtest.h>

#include "registry/page.h"

namespace slipway {
namespace {

TEST(ModelName, AcceptsLowerCaseNames) {
  for (const std::string& name : {std::string("a"), std::string("iris"), std::string("0"),
                                  std::string("iris-v2.fraud_eu"), std::string(64, 'x')}) {
    EXPECT_TRUE(check_model_name(name)) << name;
  }
}

TEST(ModelName, RefusesOthersByName) {
  for (const std::string& name :
       {std::string(),       std::string("."),     std::string(".."),        std::string("iris@1"),
        std::string("a/b"),  std::string("../a"),  std::string("a\\b"),      std::string("a:b"),
        std::string("50%"),  std::string("a?b"),   std::string("a#b"),       std::string("a;b"),
        std::string(" a"),   std::string("a "),    std::string("\xC3"),      std::string("a\0b", 3),
        std::string("a\nb"), std::string("a\x7F"), std::string("a\xC2\x85"), std::string(256, 'x')}) {
    const auto status = check_model_name(name);
    ASSERT_FALSE(status) << name;
    EXPECT_EQ(status.error().reason, "model.invalid_name");
  }
}

TEST(ModelReference, TellsExactVersionsFromRanges) {
  EXPECT_FALSE(parse_model_reference("iris")->exact);
  EXPECT_EQ(parse_model_reference("iris")->model, "iris");
  EXPECT_EQ(parse_model_reference("iris@1.2.3")->exact->to_string(), "1.2.3");
  EXPECT_EQ(parse_model_reference("iris@=1.2.3-rc.1")->exact->to_string(), "1.2.3-rc.1");
  EXPECT_FALSE(parse_model_reference("iris@^1.2")->exact);
  EXPECT_TRUE(parse_model_reference("iris@^1.2")->range.contains(SemVer{1, 9, 0, ""}));
  EXPECT_FALSE(parse_model_reference("iris@3")->exact);
  EXPECT_EQ(parse_model_reference("iris@").error().reason, "semver.invalid_range");
  EXPECT_EQ(parse_model_reference("@1").error().reason, "model.invalid_name");
  EXPECT_EQ(parse_model_reference("iris@1@2").error().reason, "semver.invalid_range");
}

TEST(PageToken, BelongsToItsList) {
  const std::string token = make_page_token("models", "iris");
  EXPECT_EQ(*parse_page_token("models", token), "iris");
  EXPECT_EQ(*parse_page_token("models", ""), "");
  EXPECT_EQ(parse_page_token("versions", token).error().reason, "page.invalid_token");
  EXPECT_EQ(parse_page_token("models", token + "0").error().reason, "page.invalid_token");
  EXPECT_EQ(parse_page_token("models", "iris").error().reason, "page.invalid_token");
  EXPECT_EQ(parse_page_token("models", make_page_token("models", "")).error().reason, "page.invalid_token");
}

}  // namespace
}  // namespace slipway
