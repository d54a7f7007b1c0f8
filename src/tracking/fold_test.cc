#include "tracking/fold.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>

#include "registry/transact.h"
#include "tracking/experiment_store.h"
#include "tracking/rows.h"
#include "tracking/run_store.h"

namespace slipway {
namespace {

// Few values each, so that equal keys, steps and times are frequent.
rc::Gen<Metric> any_metric() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::inRange(0, 3), rc::gen::inRange(-1, 3), rc::gen::inRange(0, 2), rc::gen::inRange(0, 5),
                     rc::gen::inRange(0, 2)),
      [](const std::tuple<int, int, int, int, int>& drawn) {
        constexpr std::array<double, 5> kValues{-1.5, 0, 2, NAN, std::numeric_limits<double>::infinity()};
        Metric metric;
        metric.key = std::string(1, static_cast<char>('a' + std::get<0>(drawn)));
        metric.step = std::get<1>(drawn);
        metric.time_ms = std::get<2>(drawn);
        metric.value = kValues[static_cast<std::size_t>(std::get<3>(drawn))];
        if (std::get<4>(drawn) == 1) metric.dataset_digest = metric.dataset_name = "d";
        return metric;
      });
}
rc::Gen<std::vector<Metric>> any_metrics() { return rc::gen::container<std::vector<Metric>>(any_metric()); }

bool is_equal(const Metric& a, const Metric& b) {
  const StoredValue value_a = stored_value(a.value);
  const StoredValue value_b = stored_value(b.value);
  return std::tie(a.key, a.step, a.time_ms, value_a.value, value_a.is_nan, a.dataset_name, a.dataset_digest) ==
         std::tie(b.key, b.step, b.time_ms, value_b.value, value_b.is_nan, b.dataset_name, b.dataset_digest);
}

std::vector<Metric> copy(const std::vector<const Metric*>& points) {
  std::vector<Metric> copies;
  for (const Metric* point : points) copies.push_back(*point);
  return copies;
}

bool are_equal(const std::vector<Metric>& a, const std::vector<Metric>& b) {
  return std::ranges::equal(a, b, is_equal);
}

RC_GTEST_PROP(LatestOfEach, IsTheGreatestOfEachKeyInTheOrderOfKeys, ()) {
  const std::vector<Metric> metrics = *any_metrics();
  const std::vector<Metric> latest = copy(latest_of_each(metrics));
  RC_ASSERT(std::ranges::adjacent_find(latest, std::ranges::greater_equal{}, &Metric::key) == latest.end());
  for (const Metric& metric : metrics) {
    const auto kept = std::ranges::find(latest, metric.key, &Metric::key);
    RC_ASSERT(kept != latest.end());
    RC_ASSERT(!is_before(*kept, metric));
  }
}

RC_GTEST_PROP(LatestOfEach, DoesNotDependOnOrderOrBatches, ()) {
  std::vector<Metric> metrics = *any_metrics();
  const std::vector<Metric> latest = copy(latest_of_each(metrics));
  const auto split = *rc::gen::inRange<std::size_t>(0, metrics.size() + 1);
  std::vector<Metric> of_batches = copy(latest_of_each(std::span(metrics).first(split)));
  std::ranges::copy(copy(latest_of_each(std::span(metrics).subspan(split))), std::back_inserter(of_batches));
  RC_ASSERT(are_equal(copy(latest_of_each(of_batches)), latest));
  std::ranges::reverse(metrics);
  RC_ASSERT(are_equal(copy(latest_of_each(metrics)), latest));
}

TEST(LatestOfEachModel, KeepsThoseOfAModelByKeyAndDataSet) {
  std::vector<Metric> metrics(5);
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    metrics[i].key = "acc";
    metrics[i].step = static_cast<std::int64_t>(i);
    metrics[i].model_id = "m";
  }
  metrics[1].model_id = "";
  metrics[2].dataset_name = "d";
  metrics[3].dataset_name = "d";
  const std::vector<const Metric*> latest = latest_of_each_model(metrics);
  ASSERT_EQ(latest.size(), 2U);
  EXPECT_EQ(latest[0]->step, 4);
  EXPECT_EQ(latest[1]->step, 3);
}

TEST(LastOfEach, KeepsTheLastEntryOfEachKeyByKey) {
  const std::vector<KeyValue> entries{{"b", "1"}, {"a", "1"}, {"b", "2"}, {"c", "1"}, {"b", "3"}};
  std::vector<KeyValue> kept;
  for (const KeyValue* entry : last_of_each(entries)) kept.push_back(*entry);
  EXPECT_EQ(kept, (std::vector<KeyValue>{{"a", "1"}, {"b", "3"}, {"c", "1"}}));
}

// The same through SQL: what a run shows is the fold of all that it logged, in whatever batches and however often.
RC_GTEST_PROP(RunLog, ShowsTheLatestOfAllBatchesHoweverOftenTheyCome, ()) {
  static const std::unique_ptr<Database> database = *open_database("sqlite::memory:");
  const RunStore runs;
  const std::vector<std::vector<Metric>> batches = *rc::gen::container<std::vector<std::vector<Metric>>>(any_metrics());
  std::vector<Metric> all;
  const auto run = in_write(*database, [&](Transaction& t) -> Result<Run> {
    SLIPWAY_CHECK(ExperimentStore().ensure_default(t));
    SLIPWAY_TRY(const Run made, runs.create(t, NewRun{}));
    for (const std::vector<Metric>& batch : batches) {
      SLIPWAY_CHECK(runs.log(t, made.info.id, batch, {}, {}));
      if (batch.size() % 2 == 0) SLIPWAY_CHECK(runs.log(t, made.info.id, batch, {}, {}));
      std::ranges::copy(batch, std::back_inserter(all));
    }
    return runs.get(t, made.info.id);
  });
  RC_ASSERT(run.has_value());
  RC_ASSERT(are_equal(run->metrics, copy(latest_of_each(all))));
}

}  // namespace
}  // namespace slipway
