#include "tracking/run_store.h"

#include "tracking/tracking_test_case.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RunStoreTest : public TrackingTestCase {
 protected:
  Result<slipway::Run> create(const NewRun& wanted) {
    return write([&](Transaction& t) { return runs_.create(t, wanted); });
  }
  Result<slipway::Run> create(std::string name, std::vector<KeyValue> tags) {
    return create(NewRun{"0", std::move(name), "", 0, std::move(tags), "ana"});
  }
  Result<RunInfo> update(std::string_view id, const RunUpdate& change) {
    return write([&](Transaction& t) { return runs_.update(t, id, change); });
  }
  std::string remove(std::string_view id) {
    return change([&](Transaction& t) { return runs_.remove(t, id); });
  }
  std::string restore(std::string_view id) {
    return change([&](Transaction& t) { return runs_.restore(t, id); });
  }
};
INSTANTIATE_TEST_SUITE_P(Databases, RunStoreTest, every_database(), database_name);

void expect_equal(const RunInfo& a, const RunInfo& b) {
  EXPECT_EQ(a.number, b.number);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.experiment_id, b.experiment_id);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.user_id, b.user_id);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.start_ms, b.start_ms);
  EXPECT_EQ(a.end_ms, b.end_ms);
  EXPECT_EQ(a.stage, b.stage);
  EXPECT_EQ(a.artifact_uri, b.artifact_uri);
}

TEST_P(RunStoreTest, KeepsARun) {
  NewRun wanted{"", "first", "ana", 1234, {{"b", "1"}, {"a", "2"}, {"b", "3"}}, "key:1"};
  const auto made = create(wanted);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(made->info.id, testing::MatchesRegex("[0-9a-f]*"));
  EXPECT_EQ(made->info.id.size(), 32U);
  EXPECT_EQ(made->info.experiment_id, "0");
  EXPECT_EQ(made->info.artifact_uri, "mlflow-artifacts:/0/" + made->info.id + "/artifacts");
  EXPECT_EQ(made->info.status, RunStatus::kRunning);
  const slipway::Run kept = get(made->info.id);
  expect_equal(kept.info, made->info);
  EXPECT_THAT(kept.tags, ElementsAre(KeyValue{"a", "2"}, KeyValue{"b", "3"}, KeyValue{"mlflow.runName", "first"}));
  EXPECT_EQ(kept.tags, made->tags);
  EXPECT_THAT(kept.metrics, IsEmpty());
  EXPECT_EQ(read([&](Transaction& t) { return runs_.get(t, "f00"); }).error().reason, "run.not_found");
}

TEST_P(RunStoreTest, NumbersAndIdsIncrease) {
  const slipway::Run first = get(make_run());
  const slipway::Run second = get(make_run());
  EXPECT_LT(first.info.number, second.info.number);
  EXPECT_LT(first.info.id, second.info.id);
}

TEST_P(RunStoreTest, ANameIsTakenFromTheRequestThenTheTagThenMade) {
  EXPECT_EQ(create("n", {{"mlflow.runName", "n"}})->info.name, "n");
  EXPECT_EQ(create("", {{"mlflow.runName", "tagged"}})->info.name, "tagged");
  const auto made = create("", {{"mlflow.runName", ""}});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_THAT(made->info.name, testing::MatchesRegex("[a-z]+-[a-z]+-[0-9]+"));
  EXPECT_THAT(made->tags, ElementsAre(KeyValue{"mlflow.runName", made->info.name}));
  EXPECT_EQ(create("n", {{"mlflow.runName", "m"}}).error().reason, "tracking.invalid");
}

TEST_P(RunStoreTest, RefusesAnUnknownExperimentAndBadTags) {
  EXPECT_EQ(create(NewRun{"12", "", "", 0, {}, ""}).error().reason, "experiment.not_found");
  const auto bad = create("", {{"ok", ""}, {"/bad", ""}});
  EXPECT_EQ(bad.error().reason, "tracking.invalid");
  EXPECT_THAT(bad.error().message, HasSubstr("tags[1].key"));
  EXPECT_EQ(count("runs"), 0);
}

TEST_P(RunStoreTest, UpdatesWhatIsGiven) {
  const std::string id = make_run();
  const std::string name = get(id).info.name;
  auto info = update(id, {RunStatus::kFinished, 99, ""});
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->name, name);
  expect_equal(get(id).info, *info);
  info = update(id, {std::nullopt, std::nullopt, "second"});
  EXPECT_EQ(info->status, RunStatus::kFinished);
  EXPECT_EQ(info->end_ms, 99);
  EXPECT_EQ(get(id).info.name, "second");
  EXPECT_THAT(get(id).tags, ElementsAre(KeyValue{"mlflow.runName", "second"}));
  EXPECT_EQ(update("f00", {}).error().reason, "run.not_found");
}

TEST_P(RunStoreTest, ADeletedRunIsReadButNotChanged) {
  const std::string id = make_run();
  ASSERT_EQ(log(id, {metric("a", 1)}, {}, {{"t", "1"}}), "");
  ASSERT_EQ(remove(id), "");
  ASSERT_EQ(remove(id), "");
  EXPECT_EQ(get(id).info.stage, LifecycleStage::kDeleted);
  EXPECT_EQ(get(id).metrics.size(), 1U);
  EXPECT_EQ(update(id, {std::nullopt, 1, std::nullopt}).error().reason, "run.deleted");
  EXPECT_EQ(log(id, {metric("b", 1)}), "run.deleted");
  EXPECT_EQ(log(id, {}, {{"p", "1"}}), "run.deleted");
  EXPECT_EQ(change([&](Transaction& t) { return runs_.delete_tag(t, id, "t"); }), "run.deleted");
  EXPECT_EQ(change([&](Transaction& t) { return runs_.log_inputs(t, id, {}, {}); }), "run.deleted");
  EXPECT_EQ(change([&](Transaction& t) { return runs_.log_outputs(t, id, {}); }), "run.deleted");
  ASSERT_EQ(restore(id), "");
  EXPECT_EQ(get(id).info.stage, LifecycleStage::kActive);
  EXPECT_EQ(log(id, {metric("b", 1)}), "");
  EXPECT_EQ(remove("f00"), "run.not_found");
  EXPECT_EQ(restore("f00"), "run.not_found");
}

TEST_P(RunStoreTest, TheNameIsATagAndTheTagIsTheName) {
  const std::string id = make_run();
  ASSERT_EQ(log(id, {}, {}, {{"mlflow.runName", "a"}, {"mlflow.runName", "b"}, {"x", "1"}}), "");
  EXPECT_EQ(get(id).info.name, "b");
  ASSERT_EQ(log(id, {}, {}, {{"mlflow.runName", ""}}), "");
  EXPECT_EQ(get(id).info.name, "b");
  EXPECT_THAT(get(id).tags, ElementsAre(KeyValue{"mlflow.runName", "b"}, KeyValue{"x", "1"}));
}

TEST_P(RunStoreTest, ATagIsDeletedOnce) {
  const std::string id = make_run();
  ASSERT_EQ(log(id, {}, {}, {{"x", "1"}}), "");
  const auto remove_tag = [&](Transaction& t) { return runs_.delete_tag(t, id, "x"); };
  EXPECT_EQ(change(remove_tag), "");
  EXPECT_EQ(change(remove_tag), "tag.not_found");
}

TEST_P(RunStoreTest, LoadsWhatHangsOnEachRunOfAPage) {
  std::vector<slipway::Run> page;
  for (int i = 0; i < 20; ++i) {
    const std::string text = std::to_string(i);
    const std::string id = make_run();
    ASSERT_EQ(log(id, {metric("z", i), metric("B", 1), metric("a", -i)}, {{"z", text}, {"B", "b"}, {"a", "a"}}), "");
    slipway::Run run;
    run.info = get(id).info;
    page.push_back(run);
  }
  ASSERT_EQ(change([&](Transaction& t) { return runs_.load_data(t, page); }), "");
  for (int i = 0; i < 20; ++i) {
    const slipway::Run& run = page[static_cast<std::size_t>(i)];
    EXPECT_THAT(run.params, ElementsAre(KeyValue{"B", "b"}, KeyValue{"a", "a"}, KeyValue{"z", std::to_string(i)}));
    ASSERT_EQ(run.metrics.size(), 3U);
    EXPECT_EQ(run.metrics[0].key, "B");
    EXPECT_EQ(run.metrics[1].value, -i);
    EXPECT_EQ(run.metrics[2].value, i);
    EXPECT_EQ(run.tags.size(), 1U);
  }
}

}  // namespace
}  // namespace slipway
