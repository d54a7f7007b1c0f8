#include "lineage/node.h"

#include <gtest/gtest.h>
#include <set>

namespace slipway {
namespace {

TEST(LineageNode, IsTheSameRunInEitherSpellingOfItsId) {
  const LineageNode plain = LineageNode::run("0190163d8694739baea5966c26f8ad91");
  EXPECT_EQ(LineageNode::run("0190163d-8694-739b-aea5-966c26f8ad91"), plain);
  EXPECT_EQ(LineageNode::run("0190163D-8694-739B-AEA5-966C26F8AD91"), plain);
  EXPECT_EQ(LineageNode::run("nightly-7").name, "nightly-7");
  EXPECT_EQ(LineageNode::run("0190163d-8694-739b-aea5-966c26f8ad9z").name, "0190163d-8694-739b-aea5-966c26f8ad9z");
  EXPECT_EQ(LineageNode::run("0190163d08694-739b-aea5-966c26f8ad91").name, "0190163d08694-739b-aea5-966c26f8ad91");
}

TEST(LineageNode, HasAnIdOfItsOwn) {
  std::set<std::string> ids;
  for (const LineageNode& node :
       {LineageNode::dataset("a", "b", ""), LineageNode::dataset("", "a", "b"), LineageNode::dataset("ab", "", ""),
        LineageNode::dataset("a", "b", "1"), LineageNode::job("a", "b"), LineageNode::run("a"),
        LineageNode::model_version("a", "b", ""), LineageNode::model_version("a", "", "b"),
        LineageNode::release("a", "b"), LineageNode::prediction("a")}) {
    EXPECT_EQ(node.id().size(), 32U);
    EXPECT_TRUE(ids.insert(node.id()).second) << to_string(node.kind) << ' ' << node.name;
  }
}

// printf 'dataset\0s3://b\0iris\0abc\0' | sha256sum
TEST(LineageNode, KeepsItsIdOverReleases) {
  EXPECT_EQ(LineageNode::dataset("s3://b", "iris", "abc").id(), "e35c793d0c53d43ade780df9c17a22fa");
}

TEST(LineageNode, NamesReadBack) {
  for (int i = 0; i <= static_cast<int>(LineageKind::kPrediction); ++i) {
    const auto kind = static_cast<LineageKind>(i);
    EXPECT_EQ(parse_lineage_kind(to_string(kind)), kind);
  }
  for (int i = 0; i <= static_cast<int>(LineageRelation::kAnswered); ++i) {
    const auto relation = static_cast<LineageRelation>(i);
    EXPECT_EQ(parse_lineage_relation(to_string(relation)), relation);
  }
  EXPECT_EQ(parse_lineage_kind("model"), std::nullopt);
  EXPECT_EQ(parse_lineage_relation(""), std::nullopt);
}

}  // namespace
}  // namespace slipway
