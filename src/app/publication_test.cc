#include "app/publication.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Versions of one model, in the order of ApprovedVersions: the newest first.
class Publication : public testing::Test {
 protected:
  VersionPhase& add(std::string semver, Phase phase) {
    Version version;
    version.id = "id-" + semver;
    version.model = "iris";
    version.number = ++number_;
    version.semver = *SemVer::parse(semver);
    approved_.versions.push_back({.version = std::move(version), .wish = ServingWish::kServed});
    VersionPhase added;
    added.phase = phase;
    if (phase == Phase::kLoaded) {
      auto served = std::make_shared<ServedVersion>();
      served->version = std::move(semver);
      added.served = std::move(served);
    }
    phases_.push_back(std::move(added));
    return phases_.back();
  }
  ServingSnapshot snapshot() {
    for (std::size_t i = 0; i < phases_.size(); ++i) phases_[i].approved = &approved_.versions[i];
    return make_snapshot(phases_, approved_);
  }
  // The version that answers when none is named, "?" before one that is not loaded.
  std::string current() {
    const ServingSnapshot made = snapshot();
    const auto model = made.models.find("iris");
    if (model == made.models.end()) return "";
    if (model->second.current != nullptr) return model->second.current->version;
    const DormantVersion* dormant = model->second.find_dormant("");
    return dormant == nullptr ? "" : "?" + dormant->version;
  }

  std::int64_t number_ = 0;
  ApprovedVersions approved_;
  std::vector<VersionPhase> phases_;
};

TEST_F(Publication, TheNewestLoadedVersionAnswers) {
  add("2.0.0", Phase::kLoaded);
  add("1.0.0", Phase::kLoaded);
  EXPECT_EQ(current(), "2.0.0");
  const ServingSnapshot made = snapshot();
  const auto& versions = made.models.find("iris")->second.versions;
  ASSERT_EQ(versions.size(), 2U);
  EXPECT_EQ(versions[0]->version, "1.0.0");
}

TEST_F(Publication, ANewVersionTakesOverOnlyWhenItIsLoaded) {
  add("2.0.0", Phase::kLoading);
  add("1.0.0", Phase::kLoaded);
  EXPECT_EQ(current(), "1.0.0");
  phases_[0].phase = Phase::kFailed;
  EXPECT_EQ(current(), "1.0.0");
  phases_[0].phase = Phase::kDormant;  // does not fit into memory
  EXPECT_EQ(current(), "1.0.0");
}

// Else what answers would depend on how full the memory is.
TEST_F(Publication, AVersionThatWasGivenUpGoesOnAnswering) {
  auto& newest = add("2.0.0", Phase::kDormant);
  newest.was_dormant = newest.was_loaded = true;
  add("1.0.0", Phase::kLoaded);
  EXPECT_EQ(current(), "?2.0.0");
  phases_[0].phase = Phase::kLoading;
  EXPECT_EQ(current(), "?2.0.0");
  phases_[0].phase = Phase::kFailed;
  EXPECT_EQ(current(), "1.0.0");
}

TEST_F(Publication, WithoutALoadedVersionTheNewestDormantOneAnswers) {
  add("2.0.0", Phase::kDormant);
  add("1.0.0", Phase::kDormant);
  EXPECT_EQ(current(), "?2.0.0");
  const ServingSnapshot made = snapshot();
  EXPECT_THAT(made.models.find("iris")->second.names, ElementsAre("1.0.0", "2.0.0"));
  EXPECT_EQ(made.models.find("iris")->second.find_dormant("1.0.0")->id, "id-1.0.0");
  EXPECT_EQ(made.models.find("iris")->second.find_dormant("2")->version, "1.0.0");  // by number
  EXPECT_EQ(made.models.find("iris")->second.find_dormant("3.0.0"), nullptr);
}

TEST_F(Publication, UnloadedVersionsAreNotServed) {
  add("1.0.0", Phase::kUnloaded);
  EXPECT_EQ(current(), "");
  EXPECT_THAT(snapshot().models, IsEmpty());
}

TEST_F(Publication, LabelsMeanApprovedVersions) {
  add("2.0.0", Phase::kLoaded);
  add("1.0.0", Phase::kDormant);
  approved_.labels["iris"] = {{"champion", "id-2.0.0"}, {"challenger", "id-1.0.0"}, {"stale", "id-0.9.0"}};
  approved_.labels["other"] = {{"champion", "id-2.0.0"}};
  const ServingSnapshot made = snapshot();
  const ServedModel& model = made.models.find("iris")->second;
  EXPECT_EQ(model.find("champion")->version, "2.0.0");
  EXPECT_EQ(model.find("challenger"), nullptr);
  EXPECT_EQ(model.find_dormant("challenger")->version, "1.0.0");
  EXPECT_EQ(model.find("stale"), nullptr);
  EXPECT_EQ(model.find_dormant("stale"), nullptr);
}

TEST_F(Publication, TheIndexSaysWhy) {
  add("2.0.0", Phase::kFailed).failure = "bytes were altered";
  add("1.1.0", Phase::kLoaded);
  add("1.0.0", Phase::kUnloaded).is_leaving = true;
  snapshot();
  std::vector<std::string> rows;
  for (const RepositoryEntry& entry : make_index(phases_)) {
    rows.push_back(entry.version + " " + std::string(to_string(entry.state)) + " " + entry.reason);
  }
  EXPECT_THAT(rows, ElementsAre("1.0.0 UNLOADING unloaded", "1.1.0 READY ", "2.0.0 UNAVAILABLE bytes were altered"));
}

TEST_F(Publication, SnapshotsThatAnswerAlikeAreTheSame) {
  add("1.0.0", Phase::kLoaded);
  const ServingSnapshot before = snapshot();
  EXPECT_TRUE(is_same(before, snapshot()));
  approved_.labels["iris"] = {{"champion", "id-1.0.0"}};
  EXPECT_FALSE(is_same(before, snapshot()));
}

}  // namespace
}  // namespace slipway
