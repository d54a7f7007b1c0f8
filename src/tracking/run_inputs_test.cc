#include "lineage/graph.h"
#include "tracking/run_store.h"
#include "tracking/tracking_test_case.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RunInputsTest : public TrackingTestCase {
 protected:
  void SetUp() override {
    TrackingTestCase::SetUp();
    if (database_) run_ = make_run();
  }
  static DatasetInput input(std::string name, std::string digest, std::string context = "") {
    DatasetInput made{{std::move(name), std::move(digest), "local", "file:///x", "{\"a\":1}", ""}, {}};
    if (!context.empty()) made.tags.push_back({"mlflow.data.context", std::move(context)});
    return made;
  }
  std::string log_inputs(std::string_view run, const std::vector<DatasetInput>& datasets,
                         const std::vector<std::string>& models = {}) {
    return change([&](Transaction& t) { return runs_.log_inputs(t, run, datasets, models); });
  }
  std::string log_outputs(const std::vector<ModelOutput>& models) {
    return change([&](Transaction& t) { return runs_.log_outputs(t, run_, models); });
  }
  std::vector<std::string> datasets_of(const std::vector<std::string>& experiments, std::size_t limit = 1000) {
    const auto found = read([&](Transaction& t) { return runs_.datasets(t, experiments, limit); });
    EXPECT_TRUE(found) << found.error().message;
    std::vector<std::string> texts;
    for (const RunStore::DatasetSummary& each : *found) {
      texts.push_back(each.experiment_id + "/" + each.name + "/" + each.digest + "/" + each.context);
    }
    return texts;
  }

  std::string run_;
};
INSTANTIATE_TEST_SUITE_P(Databases, RunInputsTest, every_database(), database_name);

TEST_P(RunInputsTest, TheLineageKnowsWhatARunUsed) {
  ASSERT_EQ(log_inputs(run_, {input("train", "d1"), input("test", "d2")}), "");
  ASSERT_EQ(log_inputs(run_, {input("train", "d1")}), "");
  const auto found = read([&](Transaction& t) { return walk(t, {LineageNode::run(run_)}, LineageWalk{}); });
  ASSERT_TRUE(found) << found.error().message;
  std::vector<std::string> names;
  for (const FoundNode& node : found->nodes) {
    if (node.node.kind == LineageKind::kDataset) names.push_back(node.node.name + "/" + node.node.version);
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("train/d1", "test/d2"));
}

TEST_P(RunInputsTest, DataSetsAreKeptInTheOrderTheyCame) {
  DatasetInput odd = input("a\n\"ü", "1", "train");
  odd.tags.push_back({"k\"", "\t→"});
  ASSERT_EQ(log_inputs(run_, {input("z", "1"), odd}), "");
  ASSERT_EQ(log_inputs(run_, {input("b", "1", "eval")}), "");
  const std::vector<DatasetInput> kept = get(run_).datasets;
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept[0].dataset.name, "z");
  EXPECT_EQ(kept[0].dataset.source_type, "local");
  EXPECT_EQ(kept[0].dataset.source, "file:///x");
  EXPECT_EQ(kept[0].dataset.schema, "{\"a\":1}");
  EXPECT_EQ(kept[0].dataset.profile, "");
  EXPECT_THAT(kept[0].tags, IsEmpty());
  EXPECT_EQ(kept[1].dataset.name, "a\n\"ü");
  EXPECT_THAT(kept[1].tags, ElementsAre(KeyValue{"mlflow.data.context", "train"}, KeyValue{"k\"", "\t→"}));
  EXPECT_EQ(kept[2].dataset.name, "b");
}

TEST_P(RunInputsTest, TheFirstOfEqualDataSetsCounts) {
  DatasetInput later = input("d", "1", "eval");
  later.dataset.source = "elsewhere";
  ASSERT_EQ(log_inputs(run_, {input("d", "1", "train"), later}), "");
  ASSERT_EQ(log_inputs(run_, {later}), "");
  const std::string other = make_run();
  ASSERT_EQ(log_inputs(other, {later}), "");
  ASSERT_EQ(get(run_).datasets.size(), 1U);
  EXPECT_THAT(get(run_).datasets[0].tags, ElementsAre(KeyValue{"mlflow.data.context", "train"}));
  EXPECT_EQ(get(other).datasets[0].dataset.source, "file:///x");
  EXPECT_EQ(count("datasets"), 1);
}

TEST_P(RunInputsTest, SummariesAreOfTheExperimentsAskedFor) {
  const std::string experiment = make_experiment("e");
  ASSERT_EQ(log_inputs(run_, {input("d", "1", "train"), input("c", "2")}), "");
  ASSERT_EQ(log_inputs(make_run(), {input("d", "1", "train")}), "");
  ASSERT_EQ(log_inputs(make_run(), {input("d", "1", "eval")}), "");
  ASSERT_EQ(log_inputs(make_run(experiment), {input("d", "1", "train")}), "");
  EXPECT_THAT(datasets_of({"0"}), ElementsAre("0/c/2/", "0/d/1/eval", "0/d/1/train"));
  EXPECT_THAT(datasets_of({experiment, "0"}, 2), ElementsAre("0/c/2/", "0/d/1/eval"));
  EXPECT_THAT(datasets_of({experiment}), ElementsAre(experiment + "/d/1/train"));
  EXPECT_THAT(datasets_of({}), IsEmpty());
}

TEST_P(RunInputsTest, ModelsGoInAndComeOutOnce) {
  ASSERT_EQ(log_inputs(run_, {}, {"m-2", "m-1"}), "");
  ASSERT_EQ(log_inputs(run_, {}, {"m-2"}), "");
  ASSERT_EQ(log_outputs({{"m-3", 7}, {"m-1", 5}}), "");
  ASSERT_EQ(log_outputs({{"m-3", 7}}), "");
  const slipway::Run run = get(run_);
  EXPECT_THAT(run.input_models, ElementsAre("m-1", "m-2"));
  ASSERT_EQ(run.output_models.size(), 2U);
  EXPECT_EQ(run.output_models[0].model_id, "m-1");
  EXPECT_EQ(run.output_models[1].model_id, "m-3");
  EXPECT_EQ(run.output_models[1].step, 7);
}

TEST_P(RunInputsTest, RefusesWhatHasNoNameOrIsTooLong) {
  EXPECT_EQ(log_inputs(run_, {input("", "1")}), "tracking.invalid");
  EXPECT_EQ(log_inputs(run_, {input("d", "")}), "tracking.invalid");
  EXPECT_EQ(log_inputs(run_, {input("d", std::string(37, '1'))}), "tracking.invalid");
  EXPECT_EQ(log_inputs(run_, std::vector<DatasetInput>(1001, input("d", "1"))), "tracking.invalid");
  EXPECT_EQ(log_inputs(run_, {}, {""}), "tracking.invalid");
  EXPECT_EQ(log_outputs({{std::string(65, 'm'), 1}}), "tracking.invalid");
  EXPECT_EQ(log_inputs("f00", {input("d", "1")}), "run.not_found");
  EXPECT_EQ(count("datasets"), 0);
}

}  // namespace
}  // namespace slipway
