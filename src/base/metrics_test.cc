#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

namespace slipway::metrics {
namespace {

using testing::ElementsAre;

Description description(std::string name, std::vector<std::string> labels = {}) {
  Description result;
  result.name = std::move(name);
  result.help = "Help.";
  result.label_names = std::move(labels);
  return result;
}

TEST(Counter, SumsExactlyOverManyThreads) {
  Registry registry;
  auto& family = registry.counter(description("slipway_test_shared_total", {"model"}));
  Counter counter = family.with({"iris"});
  constexpr int kThreads = 8;
  constexpr std::uint64_t kRounds = 200'000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t round = 0; round < kRounds; ++round) counter.add(3);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 3.0 * kThreads * kRounds);
}

TEST(Counter, KeepsWhatAnEndedThreadCounted) {
  Registry registry;
  Counter counter = registry.counter(description("slipway_test_ended_total")).with({});
  for (int i = 0; i < 20; ++i) std::thread([&] { counter.add(1); }).join();
  EXPECT_EQ(counter.value(), 20);
}

TEST(Counter, CountsInAThreadLocalDestructor) {
  struct AtExit {
    Counter* counter = nullptr;
    ~AtExit() {
      if (counter != nullptr) counter->add(1);
    }
  };
  Registry registry;
  Counter counter = registry.counter(description("slipway_test_exit_total")).with({});
  std::thread([&] {
    static thread_local AtExit at_exit;  // made before the cells of this thread, so destroyed after them
    at_exit.counter = &counter;
    counter.add(1);
  }).join();
  EXPECT_EQ(counter.value(), 2);
}

TEST(Counter, IsExposedInItsScale) {
  Registry registry;
  auto with_scale = description("slipway_test_run_seconds_total");
  with_scale.scale = 1e-9;
  Counter counter = registry.counter(with_scale).with({});
  counter.add(1'500'000'000);
  EXPECT_DOUBLE_EQ(counter.value(), 1.5);
}

TEST(Gauge, GoesUpAndDownAcrossThreads) {
  Registry registry;
  Gauge gauge = registry.gauge(description("slipway_test_in_flight")).with({});
  std::thread([&] { gauge.add(5); }).join();
  gauge.add(-7);
  EXPECT_EQ(gauge.value(), -2);
  gauge.set(10);
  EXPECT_EQ(gauge.value(), 8);
}

TEST(Family, SeriesGoesAwayWithItsLastHandleAndStartsAtZeroAgain) {
  Registry registry;
  auto& family = registry.counter(description("slipway_test_removed_total", {"model"}));
  {
    Counter first = family.with({"iris"});
    Counter same = family.with({"iris"});
    first.add(1);
    same.add(1);
    ASSERT_EQ(family.collect().samples.size(), 1U);
    EXPECT_EQ(family.collect().samples[0].value, 2);
  }
  EXPECT_TRUE(family.collect().samples.empty());
  EXPECT_TRUE(registry.collect().empty());
  EXPECT_EQ(family.with({"iris"}).value(), 0);
}

TEST(Family, SeriesAboveTheLimitShareOne) {
  Registry registry;
  auto limited = description("slipway_test_limited_total", {"model"});
  limited.series_max = 2;
  auto& family = registry.counter(limited);
  Counter a = family.with({"a"});
  Counter b = family.with({"b"});
  Counter c = family.with({"c"});
  Counter d = family.with({"d"});
  c.add(1);
  d.add(1);
  const Family collected = family.collect();
  ASSERT_EQ(collected.samples.size(), 3U);
  EXPECT_THAT(collected.samples[2].label_values, ElementsAre("_other"));
  EXPECT_EQ(collected.samples[2].value, 2);
}

TEST(Histogram, CountsAreExactAtTheBounds) {
  Registry registry;
  auto in_seconds = description("slipway_test_duration_seconds");
  in_seconds.scale = 1e-9;
  in_seconds.bounds = {0.001, 0.0025, 1};
  Histogram histogram = registry.histogram(in_seconds).with({});
  histogram.observe(std::chrono::nanoseconds(1'000'000));  // le is inclusive
  histogram.observe(std::chrono::nanoseconds(1'000'001));
  histogram.observe(std::chrono::nanoseconds(2'500'000));
  histogram.observe(std::chrono::nanoseconds(999'999'999));
  histogram.observe(std::chrono::hours(3));
  const Distribution seen = histogram.distribution();
  EXPECT_THAT(seen.bucket_counts, ElementsAre(1, 2, 1, 1));
  EXPECT_EQ(seen.count, 5U);
  EXPECT_NEAR(seen.sum, 10800 + 0.999999999 + 0.0025 + 0.002000001 - 0.001 + 0.001, 1e-3);
}

TEST(Histogram, ItsTotalIsWhatWasObserved) {
  Registry registry;
  Description in_seconds;
  in_seconds.name = "duration_seconds";
  in_seconds.help = "How long.";
  in_seconds.scale = 1e-9;
  Histogram histogram = registry.histogram(in_seconds).with({});
  EXPECT_EQ(histogram.total().count, 0U);
  histogram.observe(std::chrono::nanoseconds(1'500));
  std::thread([&] { histogram.observe(std::chrono::seconds(600)); }).join();  // above the last bucket's bound
  EXPECT_EQ(histogram.total().count, 2U);
  EXPECT_EQ(histogram.total().raw_sum, 600'000'001'500U);
  EXPECT_EQ(Histogram().total().count, 0U);
}

TEST(Histogram, QuantilesAreWithinOneEighth) {
  Registry registry;
  auto in_seconds = description("slipway_test_quantile_seconds");
  in_seconds.scale = 1e-9;
  Histogram histogram = registry.histogram(in_seconds).with({});
  for (std::uint64_t micros = 1; micros <= 10'000; ++micros) histogram.observe(micros * 1000);
  const Distribution seen = histogram.distribution();
  for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const double expected = q * 10'000 * 1e-6;
    EXPECT_GE(seen.quantile(q), expected * (1 - 1e-9)) << q;
    EXPECT_LE(seen.quantile(q), expected * 1.1251) << q;
  }
  EXPECT_EQ(Distribution{}.quantile(0.5), 0);
}

TEST(Histogram, ThreadsSumExactly) {
  Registry registry;
  auto in_seconds = description("slipway_test_threads_seconds");
  in_seconds.scale = 1e-9;
  Histogram histogram = registry.histogram(in_seconds).with({});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t value = 0; value < 50'000; ++value) histogram.observe(value);
    });
  }
  for (auto& thread : threads) thread.join();
  const Distribution seen = histogram.distribution();
  EXPECT_EQ(seen.count, 200'000U);
  EXPECT_DOUBLE_EQ(seen.sum, 4 * (50'000.0 * 49'999 / 2) * 1e-9);
}

TEST(Handle, MadeByDefaultSwallowsUpdates) {
  Counter counter;
  Gauge gauge;
  Histogram histogram;
  counter.add(1);
  gauge.add(1);
  gauge.set(1);
  histogram.observe(std::uint64_t{1});
  EXPECT_EQ(counter.value(), 0);
  EXPECT_EQ(gauge.value(), 0);
  EXPECT_EQ(histogram.distribution().count, 0U);
}

TEST(Handle, OutlivesItsRegistry) {
  Histogram histogram;
  {
    Registry registry;
    auto in_seconds = description("slipway_test_outlives_seconds");
    in_seconds.scale = 1e-9;
    histogram = registry.histogram(in_seconds).with({});
  }
  histogram.observe(std::uint64_t{1});
  EXPECT_EQ(histogram.distribution().count, 1U);
}

TEST(Registry, CollectsSortedWithCollectors) {
  Registry registry;
  Counter b = registry.counter(description("slipway_b_total")).with({});
  Gauge a = registry.gauge(description("slipway_a")).with({});
  registry.add_collector([](std::vector<Family>& families) {
    families.push_back({"slipway_ab", "Help.", Type::kGauge, {}, {Sample{{}, 1, {}}}});
  });
  std::vector<std::string> names;
  for (const Family& family : registry.collect()) names.push_back(family.name);
  EXPECT_THAT(names, ElementsAre("slipway_a", "slipway_ab", "slipway_b_total"));
}

TEST(Registry, SameDescriptionGivesTheSameFamily) {
  Registry registry;
  EXPECT_EQ(&registry.gauge(description("slipway_same")), &registry.gauge(description("slipway_same")));
}

TEST(RegistryDeathTest, EndsTheProcessOnContradictionsAndBadNames) {
  Registry registry;
  registry.gauge(description("slipway_twice"));
  EXPECT_DEATH(registry.gauge(description("slipway_twice", {"model"})), "registered twice");
  EXPECT_DEATH(registry.counter(description("slipway_requests")), "_total");
}

struct NameCase {
  const char* name;
  Type type;
  bool is_good;
};
class Naming : public testing::TestWithParam<NameCase> {};

TEST_P(Naming, FollowsTheConventions) {
  Description named = description(GetParam().name);
  named.scale = 1e-9;
  EXPECT_EQ(check(named, GetParam().type).has_value(), GetParam().is_good) << GetParam().name;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Naming,
    testing::Values(
        NameCase{"slipway_requests_total", Type::kCounter, true}, NameCase{"slipway_requests", Type::kCounter, false},
        NameCase{"slipway_requests_total", Type::kGauge, false},
        NameCase{"slipway_duration_seconds", Type::kHistogram, true},
        NameCase{"slipway_duration_ms", Type::kHistogram, false},
        NameCase{"slipway_duration_milliseconds", Type::kHistogram, false},
        NameCase{"slipway_used_megabytes", Type::kGauge, false}, NameCase{"slipway_used_bytes", Type::kGauge, true},
        NameCase{"slipway_share_percent", Type::kGauge, false}, NameCase{"slipway_share_ratio", Type::kGauge, true},
        NameCase{"Slipway_x", Type::kGauge, false}, NameCase{"1x", Type::kGauge, false},
        NameCase{"", Type::kGauge, false}, NameCase{"a__b", Type::kGauge, false}, NameCase{"a_", Type::kGauge, false},
        NameCase{"a-b", Type::kGauge, false}, NameCase{"a_count", Type::kGauge, false},
        NameCase{"a_bucket", Type::kGauge, false}, NameCase{"a_sum", Type::kGauge, false},
        NameCase{"a_created", Type::kGauge, false}, NameCase{"a_info", Type::kGauge, false},
        NameCase{"a_count_total", Type::kCounter, false}));

TEST(Naming, RefusesReservedLabelsAndMissingHelp) {
  EXPECT_FALSE(check(description("a", {"le"}), Type::kGauge));
  EXPECT_FALSE(check(description("a", {"quantile"}), Type::kGauge));
  EXPECT_FALSE(check(description("a", {"a-b"}), Type::kGauge));
  EXPECT_TRUE(check(description("a", {"model"}), Type::kGauge));
  auto without_help = description("a");
  without_help.help.clear();
  EXPECT_FALSE(check(without_help, Type::kGauge));
  auto unordered = description("a_seconds");
  unordered.bounds = {1, 1};
  EXPECT_FALSE(check(unordered, Type::kHistogram));
  EXPECT_FALSE(check(description("a_seconds"), Type::kHistogram)) << "default bounds with a scale of 1";
}

TEST(Naming, UnitIsTheLastWord) {
  EXPECT_EQ(unit_of("slipway_run_seconds_total"), "seconds");
  EXPECT_EQ(unit_of("slipway_run_seconds"), "seconds");
  EXPECT_EQ(unit_of("slipway_used_bytes"), "bytes");
  EXPECT_EQ(unit_of("slipway_requests_total"), "");
  EXPECT_EQ(unit_of("seconds"), "");
}

}  // namespace
}  // namespace slipway::metrics
