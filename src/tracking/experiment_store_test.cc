#include "tracking/experiment_store.h"

#include "tracking/tracking_test_case.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ExperimentStoreTest : public TrackingTestCase {
 protected:
  Result<Experiment> experiment(std::string_view id) {
    return read([&](Transaction& t) { return experiments_.get(t, id); });
  }
  std::string remove(std::string_view id) {
    return change([&](Transaction& t) { return experiments_.remove(t, id); });
  }
  std::string restore(std::string_view id) {
    return change([&](Transaction& t) { return experiments_.restore(t, id); });
  }
  std::string rename(std::string_view id, std::string_view name) {
    return change([&](Transaction& t) { return experiments_.rename(t, id, name); });
  }
  std::string set_tag(std::string_view id, const KeyValue& tag) {
    return change([&](Transaction& t) { return experiments_.set_tag(t, id, tag); });
  }
};
INSTANTIATE_TEST_SUITE_P(Databases, ExperimentStoreTest, every_database(), database_name);

TEST_P(ExperimentStoreTest, TheDefaultOneIsMadeOnce) {
  ASSERT_EQ(change([&](Transaction& t) { return experiments_.ensure_default(t); }), "");
  const auto made = experiment("0");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->name, "Default");
  EXPECT_EQ(made->artifact_location, "mlflow-artifacts:/0");
  EXPECT_EQ(count("experiments"), 1);
}

TEST_P(ExperimentStoreTest, KeepsAnExperiment) {
  const auto made = write([&](Transaction& t) {
    return experiments_.create(t, "größe/1", "s3://bucket/x", {{"b", "1"}, {"a", "2"}, {"b", "3"}});
  });
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(made->id, testing::MatchesRegex("[1-9][0-9]*"));
  const auto kept = read([&](Transaction& t) { return experiments_.get_by_name(t, "größe/1"); });
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept->id, made->id);
  EXPECT_EQ(kept->artifact_location, "s3://bucket/x");
  EXPECT_EQ(kept->created_ms, clock_.now().time_since_epoch().count() / 1000);
  EXPECT_EQ(kept->updated_ms, kept->created_ms);
  EXPECT_THAT(kept->tags, ElementsAre(KeyValue{"a", "2"}, KeyValue{"b", "3"}));
  EXPECT_EQ(read([&](Transaction& t) { return experiments_.get_by_name(t, "x"); }).error().reason,
            "experiment.not_found");
  EXPECT_EQ(experiment("12").error().reason, "experiment.not_found");
}

TEST_P(ExperimentStoreTest, ANameIsTakenAlsoByADeletedOne) {
  const std::string id = make_experiment("e");
  const auto again = write([&](Transaction& t) { return experiments_.create(t, "e", "", {}); });
  EXPECT_EQ(again.error().reason, "experiment.taken");
  EXPECT_EQ(again.error().message, "Experiment(name=e) already exists.");
  ASSERT_EQ(remove(id), "");
  const auto deleted = write([&](Transaction& t) { return experiments_.create(t, "e", "", {}); });
  EXPECT_EQ(deleted.error().reason, "experiment.taken");
  EXPECT_THAT(deleted.error().message, HasSubstr("restore experiment " + id));
  EXPECT_EQ(rename("0", "e"), "experiment.taken");
}

TEST_P(ExperimentStoreTest, ARenamedOneIsFoundByItsNewName) {
  const std::string id = make_experiment("e");
  EXPECT_EQ(rename(id, "f"), "");
  EXPECT_EQ(rename(id, "f"), "");
  EXPECT_EQ(rename(id, ""), "tracking.invalid");
  EXPECT_EQ(rename("7", "g"), "experiment.not_found");
  EXPECT_EQ(experiment(id)->name, "f");
  EXPECT_GT(experiment(id)->updated_ms, experiment(id)->created_ms);
}

TEST_P(ExperimentStoreTest, RestoreBringsBackTheRunsThatWentWithIt) {
  const std::string id = make_experiment("e");
  const std::string gone_before = make_run(id);
  const std::string gone_with = make_run(id);
  const std::string elsewhere = make_run();
  ASSERT_EQ(change([&](Transaction& t) { return runs_.remove(t, gone_before); }), "");
  ASSERT_EQ(remove(id), "");
  EXPECT_EQ(experiment(id)->stage, LifecycleStage::kDeleted);
  EXPECT_EQ(get(gone_with).info.stage, LifecycleStage::kDeleted);
  EXPECT_EQ(get(elsewhere).info.stage, LifecycleStage::kActive);
  EXPECT_EQ(remove(id), "experiment.not_found");
  ASSERT_EQ(restore(id), "");
  EXPECT_EQ(experiment(id)->stage, LifecycleStage::kActive);
  EXPECT_EQ(get(gone_with).info.stage, LifecycleStage::kActive);
  EXPECT_EQ(get(gone_before).info.stage, LifecycleStage::kDeleted);
  EXPECT_EQ(restore(id), "experiment.not_found");
}

TEST_P(ExperimentStoreTest, ADeletedOneIsNotChanged) {
  const std::string id = make_experiment("e");
  ASSERT_EQ(set_tag(id, {"a", "1"}), "");
  ASSERT_EQ(remove(id), "");
  const auto renamed = database_->write([&](Transaction& t) { return experiments_.rename(t, id, "f"); });
  EXPECT_EQ(renamed.error().reason, "experiment.deleted");
  EXPECT_EQ(renamed.error().code, Code::kFailedPrecondition);
  const auto tagged = database_->write([&](Transaction& t) { return experiments_.set_tag(t, id, {"a", "2"}); });
  EXPECT_EQ(tagged.error().reason, "experiment.deleted");
  EXPECT_EQ(tagged.error().code, Code::kInvalidArgument);
  EXPECT_EQ(change([&](Transaction& t) { return experiments_.delete_tag(t, id, "a"); }), "experiment.deleted");
  NewRun wanted;
  wanted.experiment_id = id;
  const auto run = write([&](Transaction& t) { return runs_.create(t, wanted); });
  EXPECT_EQ(run.error().reason, "experiment.deleted");
}

TEST_P(ExperimentStoreTest, TagsAreSetAndDeleted) {
  EXPECT_EQ(set_tag("0", {"a", "1"}), "");
  EXPECT_EQ(set_tag("0", {"a", "2"}), "");
  EXPECT_EQ(set_tag("0", {"../a", "2"}), "tracking.invalid");
  EXPECT_EQ(set_tag("5", {"a", "2"}), "experiment.not_found");
  EXPECT_THAT(experiment("0")->tags, ElementsAre(KeyValue{"a", "2"}));
  EXPECT_EQ(change([&](Transaction& t) { return experiments_.delete_tag(t, "0", "a"); }), "");
  EXPECT_EQ(change([&](Transaction& t) { return experiments_.delete_tag(t, "0", "a"); }), "tag.not_found");
}

}  // namespace
}  // namespace slipway
