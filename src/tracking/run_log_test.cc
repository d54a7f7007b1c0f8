#include <cmath>
#include <limits>
#include <thread>

#include "tracking/run_store.h"
#include "tracking/tracking_test_case.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class RunLogTest : public TrackingTestCase {
 protected:
  void SetUp() override {
    TrackingTestCase::SetUp();
    if (database_) run_ = make_run();
  }
  Metric latest(std::string_view key) {
    for (const Metric& metric : get(run_).metrics) {
      if (metric.key == key) return metric;
    }
    ADD_FAILURE() << "no metric " << key;
    return {};
  }

  std::string run_;
};
INSTANTIATE_TEST_SUITE_P(Databases, RunLogTest, every_database(), database_name);

TEST_P(RunLogTest, TheLatestIsTheGreatestByStepThenTimeThenValue) {
  ASSERT_EQ(log(run_, {metric("m", 5, 2, 10)}), "");
  ASSERT_EQ(log(run_, {metric("m", 9, 1, 99)}), "");
  EXPECT_EQ(latest("m").value, 5);
  ASSERT_EQ(log(run_, {metric("m", 9, 2, 9)}), "");
  EXPECT_EQ(latest("m").value, 5);
  ASSERT_EQ(log(run_, {metric("m", 4, 2, 10)}), "");
  EXPECT_EQ(latest("m").value, 5);
  ASSERT_EQ(log(run_, {metric("m", 6, 2, 10)}), "");
  EXPECT_EQ(latest("m").value, 6);
  ASSERT_EQ(log(run_, {metric("m", 0, 3, 0), metric("m", 1, -3, 0)}), "");
  EXPECT_EQ(latest("m").value, 0);
  EXPECT_EQ(latest("m").step, 3);
  EXPECT_EQ(count("metric_points"), 7);
  EXPECT_EQ(count("latest_metrics"), 1);
}

// As the server of MLflow 3.17 answers after the same calls.
TEST_P(RunLogTest, NanCountsAsZeroAndInfinityAsTheLargestNumber) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  ASSERT_EQ(log(run_, {metric("m", 1), metric("m", kNan), metric("m", -1)}), "");
  EXPECT_EQ(latest("m").value, 1);
  ASSERT_EQ(log(run_, {metric("n", -1), metric("n", kNan)}), "");
  EXPECT_TRUE(std::isnan(latest("n").value));
  ASSERT_EQ(log(run_, {metric("i", kInfinity), metric("j", -kInfinity)}), "");
  EXPECT_EQ(latest("i").value, std::numeric_limits<double>::max());
  EXPECT_EQ(latest("j").value, std::numeric_limits<double>::lowest());
  EXPECT_EQ(count("metric_points"), 7);
}

TEST_P(RunLogTest, LoggingTwiceChangesNothing) {
  const std::vector<Metric> metrics{metric("a", 1), metric("a", 1), metric("a", 2), metric("b", NAN)};
  const std::vector<KeyValue> params{{"p", "1"}, {"q", ""}};
  const std::vector<KeyValue> tags{{"t", "1"}};
  ASSERT_EQ(log(run_, metrics, params, tags), "");
  ASSERT_EQ(log(run_, metrics, params, tags), "");
  EXPECT_EQ(count("metric_points"), 3);
  EXPECT_EQ(count("run_params"), 2);
  EXPECT_EQ(count("run_tags"), 2);
  EXPECT_THAT(get(run_).params, ElementsAre(KeyValue{"p", "1"}, KeyValue{"q", ""}));
}

TEST_P(RunLogTest, PointsOfDifferentModelsAndDataSetsAreDifferent) {
  const std::string model = make_model();
  Metric one = metric("a", 1);
  Metric two = one;
  two.model_id = model;
  Metric three = two;
  three.dataset_name = "d";
  three.dataset_digest = "1";
  ASSERT_EQ(log(run_, {one, three, two}), "");
  EXPECT_EQ(count("metric_points"), 3);
  EXPECT_EQ(latest("a").model_id, model);
  EXPECT_EQ(latest("a").dataset_name, "d");
  EXPECT_EQ(latest("a").dataset_digest, "1");
}

TEST_P(RunLogTest, AParamIsWrittenOnce) {
  ASSERT_EQ(log(run_, {}, {{"p", "1"}}), "");
  ASSERT_EQ(log(run_, {}, {{"p", "1"}}), "");
  const auto changed = database_->write([&](Transaction& t) {
    return runs_.log(t, run_, {}, std::vector<KeyValue>{{"o", "1"}, {"p", "2"}}, {});
  });
  EXPECT_EQ(changed.error().reason, "param.changed");
  EXPECT_EQ(changed.error().code, Code::kInvalidArgument);
  EXPECT_EQ(changed.error().message,
            "Changing param values is not allowed. Param with key='p' was already logged with value='1' for run ID='" +
                run_ + "'. Attempted logging new value '2'.");
  EXPECT_EQ(log(run_, {}, {{"q", "1"}, {"q", "1"}}), "tracking.invalid");
  EXPECT_THAT(get(run_).params, ElementsAre(KeyValue{"p", "1"}));
}

TEST_P(RunLogTest, AFailingBatchLeavesNothing) {
  ASSERT_EQ(log(run_, {}, {{"p", "1"}}), "");
  const std::vector<std::string> tables{"metric_points", "latest_metrics", "run_params", "run_tags"};
  std::vector<std::int64_t> before;
  for (const std::string& table : tables) before.push_back(count(table));
  EXPECT_EQ(log(run_, {metric("m", 1)}, {{"o", "1"}, {"p", "2"}}, {{"t", "1"}, {"mlflow.runName", "n"}}),
            "param.changed");
  EXPECT_EQ(log(run_, {metric("m", 1), metric("a//b", 1)}, {{"o", "1"}}, {{"t", "1"}}), "tracking.invalid");
  Metric of_unknown_model = metric("m", 1);
  of_unknown_model.model_id = "m-1";
  EXPECT_EQ(log(run_, {of_unknown_model}, {{"o", "1"}}, {{"t", "1"}}), "logged_model.not_found");
  EXPECT_EQ(log(run_, {metric("m", 1)}, {{"o", std::string("\xff")}}, {}), "sql.text");
  for (std::size_t i = 0; i < tables.size(); ++i) EXPECT_EQ(count(tables[i]), before[i]) << tables[i];
  EXPECT_NE(get(run_).info.name, "n");
}

TEST_P(RunLogTest, CutsValuesThatAreTooLongAsTheClientsExpect) {
  std::string umlauts;
  for (int i = 0; i < 6001; ++i) umlauts += "ü";
  ASSERT_EQ(log(run_, {}, {{"p", umlauts}}, {{"t", std::string(8001, 'v')}}), "");
  ASSERT_EQ(log(run_, {}, {{"p", umlauts}}, {}), "");
  EXPECT_EQ(get(run_).params[0].value, umlauts.substr(0, 12'000));
  EXPECT_EQ(get(run_).tags.back().value, std::string(8000, 'v'));
}

TEST_P(RunLogTest, TheGreatestBatchFits) {
  std::vector<Metric> metrics;
  for (int i = 0; i < 800; ++i) metrics.push_back(metric("m" + std::to_string(i % 10), i, i));
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;
  for (int i = 0; i < 100; ++i) {
    params.push_back({"p" + std::to_string(i), "1"});
    tags.push_back({"t" + std::to_string(i), "1"});
  }
  ASSERT_EQ(log(run_, metrics, params, tags), "");
  const slipway::Run run = get(run_);
  EXPECT_EQ(run.metrics.size(), 10U);
  EXPECT_EQ(run.metrics.back().value, 799);
  EXPECT_EQ(run.params.size(), 100U);
  EXPECT_EQ(run.tags.size(), 101U);
  EXPECT_EQ(count("metric_points"), 800);
  metrics.push_back(metric("m", 1));
  EXPECT_EQ(log(run_, metrics, params, tags), "tracking.invalid");
}

TEST_P(RunLogTest, NamesOfEveryScriptAreKept) {
  ASSERT_EQ(log(run_, {metric("größe/日本 1:2", 1)}, {{"größe", "→\n'\""}}, {{"größe", "🦆"}}), "");
  EXPECT_EQ(latest("größe/日本 1:2").value, 1);
  EXPECT_EQ(get(run_).params[0].value, "→\n'\"");
}

TEST_P(RunLogTest, AModelShowsTheLatestOfItsMetricsByDataSet) {
  const std::string model = make_model();
  const auto of_model = [&](double value, std::int64_t step, std::string dataset) {
    Metric made = metric("acc", value, step);
    made.model_id = model;
    made.dataset_name = dataset;
    made.dataset_digest = dataset.empty() ? "" : "digest of " + dataset;
    return made;
  };
  ASSERT_EQ(log(run_, {of_model(0.5, 1, ""), of_model(0.6, 2, ""), of_model(0.7, 1, "d")}), "");
  const std::string other = make_run();
  ASSERT_EQ(log(other, {of_model(0.1, 1, ""), of_model(0.8, 2, "d")}), "");
  const auto kept = read([&](Transaction& t) { return models_.get(t, model); });
  ASSERT_TRUE(kept) << kept.error().message;
  ASSERT_EQ(kept->metrics.size(), 2U);
  EXPECT_EQ(kept->metrics[0].value, 0.6);
  EXPECT_EQ(kept->metrics[0].run_id, run_);
  EXPECT_EQ(kept->metrics[0].model_id, model);
  EXPECT_EQ(kept->metrics[1].value, 0.8);
  EXPECT_EQ(kept->metrics[1].run_id, other);
  EXPECT_EQ(kept->metrics[1].dataset_digest, "digest of d");
}

TEST_P(RunLogTest, ThreadsThatLogToOneRunLoseNothing) {
  constexpr int kThreads = 4;
  constexpr int kBatches = 20;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this, thread] {
      for (int batch = 0; batch < kBatches; ++batch) {
        const std::vector<Metric> metrics{metric("shared", thread, batch),
                                          metric("of" + std::to_string(thread), batch, batch)};
        const Status status = database_->write([&](Transaction& t) { return runs_.log(t, run_, metrics, {}, {}); });
        ASSERT_TRUE(status) << status.error().message;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count("metric_points"), 2 * kThreads * kBatches);
  EXPECT_EQ(latest("shared").value, kThreads - 1);
  EXPECT_EQ(latest("of0").value, kBatches - 1);
}

TEST_P(RunLogTest, RefusesAnUnknownRun) {
  EXPECT_EQ(log("f00", {metric("a", 1)}), "run.not_found");
  EXPECT_EQ(log("f00", {}), "run.not_found");
}

}  // namespace
}  // namespace slipway
