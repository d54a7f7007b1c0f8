#include <cmath>

#include "tracking/point_blocks.h"
#include "tracking/run_store.h"
#include "tracking/tracking_test_case.h"

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class MetricHistoryTest : public TrackingTestCase {
 protected:
  void SetUp() override {
    TrackingTestCase::SetUp();
    if (database_) run_ = make_run();
  }
  Result<MetricHistory> page(std::string_view key, std::size_t limit, std::string_view token = "") {
    return read([&](Transaction& t) { return runs_.history(t, run_, key, limit, token); });
  }
  // All points, by pages of `limit`.
  std::vector<Metric> pages(std::string_view key, std::size_t limit) {
    std::vector<Metric> all;
    std::string token;
    do {
      const auto found = page(key, limit, token);
      EXPECT_TRUE(found) << found.error().message;
      if (!found) break;
      EXPECT_LE(found->points.size(), limit);
      std::ranges::copy(found->points, std::back_inserter(all));
      token = found->next_token;
    } while (!token.empty());
    return all;
  }
  std::vector<std::int64_t> interval(std::optional<std::int64_t> start, std::optional<std::int64_t> end,
                                     std::size_t limit) {
    const std::vector<std::string> ids{run_};
    const auto found = read([&](Transaction& t) { return runs_.history_interval(t, ids, "m", start, end, limit); });
    EXPECT_TRUE(found) << found.error().message;
    std::vector<std::int64_t> steps;
    for (const Metric& point : *found) steps.push_back(point.step);
    return steps;
  }
  // Points of "m" with steps 0 … count - 1, and as many of another key between them.
  void log_steps(std::int64_t count) {
    std::vector<Metric> metrics;
    for (std::int64_t step = 0; step < count; ++step) {
      metrics.push_back(metric("m", static_cast<double>(step), step, 1000 + step));
      metrics.push_back(metric("n", 7, step, 1000 + step));
      if (metrics.size() == kBatchSize) {
        ASSERT_EQ(log(run_, metrics), "");
        metrics.clear();
      }
    }
    ASSERT_EQ(log(run_, metrics), "");
  }

  static constexpr std::size_t kBatchSize = 1000;
  std::string run_;
};
INSTANTIATE_TEST_SUITE_P(Databases, MetricHistoryTest, every_database(), database_name);

// As the server of MLflow 3.17 answers after the same calls.
TEST_P(MetricHistoryTest, IsByTimeThenStepThenValueWithNanAsZero) {
  ASSERT_EQ(log(run_, {metric("m", 1), metric("m", NAN), metric("m", -1), metric("m", 2, 1, 0), metric("o", 5)}), "");
  const auto all = page("m", 0);
  ASSERT_TRUE(all) << all.error().message;
  ASSERT_EQ(all->points.size(), 4U);
  EXPECT_EQ(all->points[0].value, 2);
  EXPECT_EQ(all->points[1].value, -1);
  EXPECT_TRUE(std::isnan(all->points[2].value));
  EXPECT_EQ(all->points[3].value, 1);
  EXPECT_EQ(all->next_token, "");
}

TEST_P(MetricHistoryTest, IsReadInPagesAcrossBlocks) {
  log_steps(kPointsPerBlock * 2);
  for (const std::size_t limit : {1000U, 1024U, 300U}) {
    const std::vector<Metric> all = pages("m", limit);
    ASSERT_EQ(all.size(), static_cast<std::size_t>(kPointsPerBlock * 2));
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].step, static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(page("m", 0)->points.size(), static_cast<std::size_t>(kPointsPerBlock * 2));
}

TEST_P(MetricHistoryTest, PagesSplitPointsThatDifferByTheirModelAlone) {
  const std::string model = make_model();
  Metric point = metric("m", 1);
  std::vector<Metric> metrics{point};
  point.model_id = model;
  metrics.push_back(point);
  point.dataset_name = point.dataset_digest = "d";
  metrics.push_back(point);
  ASSERT_EQ(log(run_, metrics), "");
  const std::vector<Metric> all = pages("m", 1);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].model_id, "");
  EXPECT_EQ(all[1].model_id, model);
  EXPECT_EQ(all[2].dataset_digest, "d");
}

TEST_P(MetricHistoryTest, APointThatWasLoggedAgainMuchLaterStandsOnce) {
  log_steps(kPointsPerBlock);
  log_steps(kPointsPerBlock);
  EXPECT_EQ(pages("m", 100).size(), static_cast<std::size_t>(kPointsPerBlock));
  EXPECT_EQ(interval({}, {}, 5000).size(), static_cast<std::size_t>(kPointsPerBlock));
}

TEST_P(MetricHistoryTest, ATokenIsOfOneRunAndOneKey) {
  log_steps(10);
  const std::string token = page("m", 3)->next_token;
  ASSERT_NE(token, "");
  EXPECT_TRUE(page("m", 3, token));
  EXPECT_EQ(page("n", 3, token).error().reason, "page.invalid_token");
  EXPECT_EQ(page("m", 3, token.substr(2)).error().reason, "page.invalid_token");
  EXPECT_EQ(page("m", 3, token.substr(0, token.size() - 20)).error().reason, "page.invalid_token");
  EXPECT_EQ(page("m", 3, "zz").error().reason, "page.invalid_token");
  const std::string other = make_run();
  const auto wrong = read([&](Transaction& t) { return runs_.history(t, other, "m", 3, token); });
  EXPECT_EQ(wrong.error().reason, "page.invalid_token");
}

TEST_P(MetricHistoryTest, OfWhatWasNotLoggedIsEmpty) {
  EXPECT_THAT(page("x", 5)->points, IsEmpty());
  EXPECT_THAT(interval({}, {}, 5), IsEmpty());
  const auto unknown = read([&](Transaction& t) { return runs_.history(t, "f00", "m", 3, ""); });
  EXPECT_EQ(unknown.error().reason, "run.not_found");
}

TEST_P(MetricHistoryTest, AnIntervalIsThinnedWithinItsSteps) {
  log_steps(23);
  EXPECT_THAT(interval({}, {}, 7), ElementsAre(0, 4, 8, 11, 14, 17, 22));
  EXPECT_THAT(interval(3, 13, 4), ElementsAre(3, 6, 9, 13));  // as MLflow's server
  EXPECT_THAT(interval(20, {}, 9), ElementsAre(20, 21, 22));
  EXPECT_THAT(interval({}, 1, 9), ElementsAre(0, 1));
}

TEST_P(MetricHistoryTest, AnIntervalReadsEveryBlock) {
  ASSERT_EQ(log(run_, {metric("m", 1, 1'000'000, 5)}), "");
  for (int i = 0; i < 3; ++i) log_steps(kPointsPerBlock);
  const std::vector<std::int64_t> steps = interval({}, {}, 2);
  EXPECT_THAT(steps, ElementsAre(0, 1'000'000));
}

TEST_P(MetricHistoryTest, IntervalsOfSeveralRunsFollowTheRequest) {
  log_steps(3);
  const std::string other = make_run();
  ASSERT_EQ(log(other, {metric("m", 9, 9)}), "");
  const std::vector<std::string> ids{other, run_};
  const auto found = read([&](Transaction& t) { return runs_.history_interval(t, ids, "m", {}, {}, 2); });
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 3U);
  EXPECT_EQ((*found)[0].run_id, other);
  EXPECT_EQ((*found)[1].run_id, run_);
  EXPECT_EQ((*found)[2].value, 2);
}

}  // namespace
}  // namespace slipway
