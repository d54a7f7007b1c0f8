// Searches over what the stores keep: pages while rows come and go, plans, hostile tokens.
#include "tracking/search.h"

#include <cmath>
#include <limits>

#include "tracking/search_entities.h"
#include "tracking/search_sql.h"
#include "tracking/settled_metrics.h"
#include "tracking/tracking_test_case.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class SearchTest : public TrackingTestCase {
 protected:
  std::string make(std::string_view name, std::int64_t start_ms, const std::vector<Metric>& metrics = {},
                   const std::vector<KeyValue>& params = {}) {
    NewRun wanted;
    wanted.experiment_id = kDefaultExperimentId;
    wanted.name = name;
    wanted.start_ms = start_ms;
    const auto made = write([&](Transaction& t) { return runs_.create(t, wanted); });
    EXPECT_TRUE(made) << made.error().message;
    EXPECT_EQ(log(made->info.id, metrics, params), "");
    return made->info.id;
  }
  void end(std::string_view id) {
    RunUpdate update;
    update.status = RunStatus::kFinished;
    EXPECT_TRUE(write([&](Transaction& t) { return runs_.update(t, id, update); }));
  }
  Result<Page<slipway::Run>> find(const RunSearch& search) {
    return read([&](Transaction& t) { return search_runs(t, search); });
  }
  static RunSearch search_of(std::string filter, std::vector<std::string> order_by = {}, std::size_t limit = 100) {
    RunSearch search;
    search.experiment_ids = {std::string(kDefaultExperimentId)};
    search.filter = std::move(filter);
    search.order_by = std::move(order_by);
    search.limit = limit;
    return search;
  }
  std::vector<std::string> names(const RunSearch& search) {
    const auto page = find(search);
    EXPECT_TRUE(page) << page.error().message;
    std::vector<std::string> out;
    for (const slipway::Run& run : page.value_or(Page<slipway::Run>{}).items) out.push_back(run.info.name);
    return out;
  }
  // The names found by the plan of a search over many rows.
  std::vector<std::string> names_of_many(const std::string& filter, const std::vector<std::string>& order_by = {}) {
    SearchQuery query;
    query.clauses = *parse_search_filter(run_search_entity(), filter);
    query.orders = *parse_search_order(run_search_entity(), order_by);
    query.scopes = {{{"r.experiment_id", std::string(kDefaultExperimentId)}, {"r.lifecycle_stage", "active"}}};
    query.rows_few = 0;
    const auto page = read([&](Transaction& t) { return search_page(t, run_search_entity(), query); });
    EXPECT_TRUE(page) << page.error().message;
    std::vector<std::string> out;
    for (const Row& row : page.value_or(Page<Row>{}).items) out.push_back(row.text(3));
    return out;
  }
};

TEST_P(SearchTest, GivesWholeRuns) {
  const std::string id = make("one", 5, {metric("m", 0.5)}, {{"p", "v"}});
  const auto page = find(search_of("metrics.m = 0.5"));
  ASSERT_EQ(page->items.size(), 1U);
  EXPECT_EQ(page->items[0].info.id, id);
  EXPECT_EQ(page->items[0].info.artifact_uri, "mlflow-artifacts:/0/" + id + "/artifacts");
  EXPECT_EQ(page->items[0].metrics.at(0).value, 0.5);
  EXPECT_THAT(page->items[0].params, ElementsAre(KeyValue{"p", "v"}));
  EXPECT_EQ(page->next_token, "");
}

TEST_P(SearchTest, OldRunsAreFoundOnceWhileNewOnesCome) {
  for (int i = 0; i < 7; ++i) make("run" + std::to_string(i), 100 + i, {metric("m", i / 2)});
  for (const std::vector<std::string>& order : {std::vector<std::string>{}, {"metrics.m"}, {"metrics.m DESC"}}) {
    RunSearch search = search_of("attributes.run_name LIKE 'run%'", order, 2);
    std::vector<std::string> found;
    int made = 0;
    do {
      const auto page = find(search);
      ASSERT_TRUE(page) << page.error().message;
      for (const slipway::Run& run : page->items) found.push_back(run.info.name);
      search.token = page->next_token;
      make("new" + std::to_string(made++), 103, {metric("m", 1)});
    } while (!search.token.empty());
    EXPECT_THAT(found, UnorderedElementsAre("run0", "run1", "run2", "run3", "run4", "run5", "run6"));
  }
}

TEST_P(SearchTest, TokenOfAnotherSearchIsRefused) {
  for (int i = 0; i < 3; ++i) make("run" + std::to_string(i), i);
  RunSearch search = search_of("start_time >= 0", {"start_time"}, 1);
  const std::string token = find(search)->next_token;
  ASSERT_NE(token, "");
  search.token = token;
  search.filter = "start_time  >=  0";  // the same search, written otherwise
  EXPECT_TRUE(find(search));
  for (RunSearch other :
       {search_of("start_time >= 1", {"start_time"}, 1), search_of("", {"start_time"}, 1),
        search_of("start_time >= 0", {"start_time DESC"}, 1), search_of("start_time >= 0", {"run_name"}, 1)}) {
    other.token = token;
    EXPECT_EQ(find(other).error().reason, "search.invalid_token") << other.filter;
  }
  search.view = ViewType::kAll;
  EXPECT_EQ(find(search).error().reason, "search.invalid_token");
  search.view = ViewType::kActiveOnly;
  search.limit = 2;  // a page may have another size
  EXPECT_EQ(find(search)->items.size(), 2U);
}

TEST_P(SearchTest, LimitIsChecked) {
  for (const std::size_t limit : {std::size_t{0}, std::size_t{50'001}}) {
    EXPECT_EQ(find(search_of("", {}, limit)).error().reason, "search.invalid_limit");
  }
}

TEST_P(SearchTest, ManyExperimentsAreSearchedAsOne) {
  RunSearch search;
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    const std::string experiment = make_experiment("e" + std::to_string(i));
    search.experiment_ids.push_back(experiment);
    NewRun wanted;
    wanted.experiment_id = experiment;
    wanted.name = "run" + std::to_string(i);
    wanted.start_ms = 1000 - i;
    ASSERT_TRUE(write([&](Transaction& t) { return runs_.create(t, wanted); }));
    expected.push_back(wanted.name);
    EXPECT_EQ(names(search), expected) << i;
  }
  search.experiment_ids.push_back(search.experiment_ids.front());  // twice is once
  EXPECT_EQ(names(search), expected);
  search.experiment_ids.clear();
  EXPECT_THAT(names(search), IsEmpty());
}

TEST_P(SearchTest, MetricsAreFoundWhetherTheirRunHasEndedOrNot) {
  const std::string first = make("first", 1, {metric("m", 1)});
  const std::string second = make("second", 2, {metric("m", 2)});
  end(first);
  EXPECT_THAT(names_of_many("metrics.m > 0"), ElementsAre("second", "first"));
  EXPECT_THAT(names_of_many("", {"metrics.m"}), ElementsAre("first", "second"));
  EXPECT_EQ(log(first, {metric("m", 3, 1)}), "");  // it ended, and logs again
  EXPECT_THAT(names_of_many("metrics.m = 1"), IsEmpty());
  EXPECT_THAT(names_of_many("metrics.m = 3"), ElementsAre("first"));
  EXPECT_THAT(names_of_many("", {"metrics.m"}), ElementsAre("second", "first"));
  end(first);
  end(second);
  EXPECT_THAT(names_of_many("metrics.m >= 2"), ElementsAre("second", "first"));
  EXPECT_THAT(names_of_many("metrics.m = 1"), IsEmpty());
}

TEST_P(SearchTest, RunsThatNeverEndAreSettledInTheEnd) {
  const auto unsettled = [&] {
    return read([](Transaction& t) -> Result<std::int64_t> {
             SLIPWAY_TRY(const std::vector<Row> rows, t.query("SELECT COUNT(*) FROM runs WHERE is_settled = 0"));
             return rows.front().integer(0);
           })
        .value_or(-1);
  };
  std::size_t made = 0;  // one in 16 of those that begin to log settles others, by chance
  for (; made < 70 || (unsettled() == static_cast<std::int64_t>(made) && made < 2'000); ++made)
    make("run" + std::to_string(made), static_cast<std::int64_t>(made), {metric("m", 1)});
  EXPECT_LT(unsettled(), static_cast<std::int64_t>(made));
  for (int i = 0; i < 70; ++i) EXPECT_EQ(change([](Transaction& t) { return settle_abandoned_metrics(t); }), "");
  EXPECT_EQ(unsettled(), 64);
  EXPECT_EQ(names_of_many("metrics.m >= 0").size(), made);
}

TEST_P(SearchTest, NanAndMissingComeLastBothWays) {
  make("nan", 1, {metric("m", std::nan(""))});
  make("missing", 2);
  make("low", 3, {metric("m", -std::numeric_limits<double>::infinity())});
  make("high", 4, {metric("m", std::numeric_limits<double>::infinity())});
  EXPECT_THAT(names(search_of("", {"metrics.m"})), ElementsAre("low", "high", "nan", "missing"));
  EXPECT_THAT(names(search_of("", {"metrics.m DESC"})), ElementsAre("high", "low", "nan", "missing"));
  EXPECT_THAT(names_of_many("", {"metrics.m"}), ElementsAre("low", "high", "nan", "missing"));
  EXPECT_THAT(names_of_many("", {"metrics.m DESC"}), ElementsAre("high", "low", "nan", "missing"));
}

TEST_P(SearchTest, LongValuesAreKeptAndFound) {
  const std::string value(6000, 'v');
  make("a", 1, {}, {{"p", value}});
  make("b", 2, {}, {{"p", value.substr(1) + "w"}});
  EXPECT_THAT(names_of_many("params.p = '" + value + "'"), ElementsAre("a"));
  EXPECT_THAT(names_of_many("params.p LIKE '%w'"), ElementsAre("b"));
}

TEST_P(SearchTest, IlikeFoldsAToZOnly) {
  make("Ä", 1, {}, {{"p", "ÄBC"}});
  EXPECT_THAT(names(search_of("params.p ILIKE 'Äbc'")), ElementsAre("Ä"));
  EXPECT_THAT(names(search_of("params.p ILIKE 'äbc'")), IsEmpty());
  EXPECT_THAT(names(search_of("params.p LIKE 'Äbc'")), IsEmpty());
  EXPECT_THAT(names(search_of("params.p LIKE '_BC'")), ElementsAre("Ä"));
}

TEST_P(SearchTest, FindsExperimentsWithTheirTags) {
  const std::string one = make_experiment("one");
  ASSERT_EQ(change([&](Transaction& t) { return experiments_.set_tag(t, one, {"team", "red"}); }), "");
  make_experiment("two");
  ExperimentSearch search;
  search.filter = "tags.team = 'red'";
  auto page = read([&](Transaction& t) { return search_experiments(t, search); });
  ASSERT_EQ(page->items.size(), 1U);
  EXPECT_EQ(page->items[0].name, "one");
  EXPECT_THAT(page->items[0].tags, ElementsAre(KeyValue{"team", "red"}));
  search.filter = "";
  search.limit = 2;
  page = read([&](Transaction& t) { return search_experiments(t, search); });
  EXPECT_EQ(page->items[0].name, "two");
  search.token = page->next_token;
  page = read([&](Transaction& t) { return search_experiments(t, search); });
  ASSERT_EQ(page->items.size(), 1U);
  EXPECT_EQ(page->items[0].name, "Default");
}

TEST_P(SearchTest, LoggedModelsAreComparedByTheirNewestMetricOfTheDataSets) {
  const std::string model = make_model();
  const std::string run = make_run();
  const auto point = [&](double value, std::int64_t step, std::string dataset, std::string digest) {
    Metric made = metric("acc", value, step);
    made.model_id = model;
    made.dataset_name = std::move(dataset);
    made.dataset_digest = std::move(digest);
    return made;
  };
  ASSERT_EQ(log(run, {point(0.9, 1, "iris", "d1"), point(0.5, 2, "wine", "d2")}), "");
  const std::string other = make_model();
  const auto found = [&](std::string filter, std::vector<std::pair<std::string, std::string>> datasets,
                         std::vector<LoggedModelOrder> order_by = {}) {
    LoggedModelSearch search;
    search.experiment_ids = {std::string(kDefaultExperimentId)};
    search.filter = std::move(filter);
    search.datasets = std::move(datasets);
    search.order_by = std::move(order_by);
    const auto page = read([&](Transaction& t) { return search_logged_models(t, search); });
    EXPECT_TRUE(page) << page.error().message;
    std::vector<std::string> ids;
    for (const LoggedModel& each : page.value_or(Page<LoggedModel>{}).items) ids.push_back(each.id);
    return ids;
  };
  EXPECT_THAT(found("metrics.acc = 0.5", {}), ElementsAre(model));
  EXPECT_THAT(found("metrics.acc = 0.9", {}), IsEmpty());
  EXPECT_THAT(found("metrics.acc = 0.9", {{"iris", ""}}), ElementsAre(model));
  EXPECT_THAT(found("metrics.acc = 0.9", {{"iris", "d2"}}), IsEmpty());
  EXPECT_THAT(found("", {{"wine", "d2"}, {"other", ""}}), ElementsAre(model));
  EXPECT_THAT(found("", {{"other", ""}}), IsEmpty());
  EXPECT_THAT(found("", {}), ElementsAre(other, model));
  EXPECT_THAT(found("", {}, {{"metrics.acc", false, "", ""}}), ElementsAre(model, other));
  EXPECT_THAT(found("", {}, {{"metrics.acc", true, "iris", "d1"}, {"metrics.acc", true, "wine", ""}}),
              ElementsAre(model, other));
  EXPECT_THAT(found("status = 'PENDING' AND name = 'net'", {}), ElementsAre(other, model));
  LoggedModelSearch wrong;
  wrong.order_by = {{"params.p", true, "", ""}};
  EXPECT_EQ(read([&](Transaction& t) { return search_logged_models(t, wrong); }).error().reason,
            "search.invalid_order");
}

INSTANTIATE_TEST_SUITE_P(Databases, SearchTest, every_database(), database_name);

}  // namespace
}  // namespace slipway
