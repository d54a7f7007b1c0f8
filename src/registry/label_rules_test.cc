#include "registry/label_rules.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(LabelRules, WhatServesIsApproved) {
  EXPECT_TRUE(is_reserved_alias("champion"));
  EXPECT_TRUE(is_reserved_alias("challenger"));
  EXPECT_FALSE(is_reserved_alias("Champion"));
  EXPECT_FALSE(is_reserved_alias("best"));
  Version version;
  for (const VersionState state : {VersionState::kDraft, VersionState::kCandidate, VersionState::kRetired}) {
    version.state = state;
    EXPECT_EQ(check_reserved_alias("champion", &version).error().reason, "alias.not_approved");
  }
  EXPECT_EQ(check_reserved_alias("champion", nullptr).error().reason, "alias.not_approved");
  version.state = VersionState::kApproved;
  EXPECT_TRUE(check_reserved_alias("champion", &version));
}

TEST(LabelRules, FactsAreNotWritten) {
  EXPECT_EQ(check_version_tag("slipway.state").error().reason, "tag.read_only");
  EXPECT_EQ(check_model_tag("slipway.x").error().reason, "tag.read_only");
  EXPECT_EQ(check_version_tag("semver").error().reason, "tag.read_only");
  EXPECT_TRUE(check_new_version_tag("semver"));
  EXPECT_TRUE(check_model_tag("semver"));
  EXPECT_TRUE(check_version_tag("slipway"));
}

}  // namespace
}  // namespace slipway
