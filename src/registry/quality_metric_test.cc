#include "registry/quality_metric.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

std::vector<Cell> cells(std::initializer_list<double> numbers) { return {numbers.begin(), numbers.end()}; }
std::vector<Cell> texts(std::initializer_list<const char*> words) {
  std::vector<Cell> out;
  for (const char* const word : words) out.emplace_back(std::string(word));
  return out;
}
const Cell kOne = std::int64_t{1};

double value(QualityMetric metric, const std::vector<Cell>& labels, const std::vector<Cell>& predictions,
             const Cell& positive = kOne) {
  const auto found = measure(metric, labels, predictions, positive);
  EXPECT_TRUE(found) << found.error().message;
  return found.value_or(-1);
}

// The examples in the docstrings of scikit-learn's accuracy_score, roc_auc_score, mean_absolute_error,
// root_mean_squared_error (the root of mean_squared_error's 0.375) and r2_score.
TEST(QualityMetric, AgreesWithScikitLearnsExamples) {
  EXPECT_DOUBLE_EQ(value(QualityMetric::kAccuracy, cells({0, 1, 2, 3}), cells({0, 2, 1, 3})), 0.5);
  EXPECT_DOUBLE_EQ(value(QualityMetric::kAuc, cells({0, 0, 1, 1}), cells({0.1, 0.4, 0.35, 0.8})), 0.75);
  EXPECT_DOUBLE_EQ(value(QualityMetric::kMae, cells({3, -0.5, 2, 7}), cells({2.5, 0, 2, 8})), 0.5);
  EXPECT_NEAR(value(QualityMetric::kRmse, cells({3, -0.5, 2, 7}), cells({2.5, 0, 2, 8})), 0.6123724356957945, 1e-15);
  EXPECT_NEAR(value(QualityMetric::kR2, cells({3, -0.5, 2, 7}), cells({2.5, 0, 2, 8})), 0.9486081370449679, 1e-15);
}

TEST(QualityMetric, F1IsOfThePositiveLabel) {  // by hand: 2 hits, 1 false alarm, 1 miss
  EXPECT_DOUBLE_EQ(
      value(QualityMetric::kF1, texts({"y", "y", "y", "n", "n"}), texts({"y", "y", "n", "y", "n"}), std::string("y")),
      2.0 / 3);
  EXPECT_DOUBLE_EQ(value(QualityMetric::kF1, cells({0, 0}), cells({0, 0})), 0);
}

TEST(QualityMetric, TiesOfScoresCountHalf) {
  EXPECT_DOUBLE_EQ(value(QualityMetric::kAuc, cells({0, 1, 0, 1}), cells({0.5, 0.5, 0.5, 0.5})), 0.5);
  EXPECT_DOUBLE_EQ(value(QualityMetric::kAuc, cells({0, 1}), cells({0.9, 0.1})), 0);
}

TEST(QualityMetric, SameNumberInAnotherSpellingIsTheSameLabel) {
  EXPECT_TRUE(is_same(std::string("1"), std::int64_t{1}));
  EXPECT_TRUE(is_same(std::string("1.0"), 1.0));
  EXPECT_FALSE(is_same(std::string("one"), std::int64_t{1}));
  EXPECT_FALSE(is_same(std::string(""), std::int64_t{0}));
  EXPECT_TRUE(is_same(std::string("a"), std::string("a")));
}

TEST(QualityMetric, SaysWhenItIsUndefined) {
  const auto reason = [](QualityMetric metric, const std::vector<Cell>& labels, const std::vector<Cell>& predictions) {
    const auto found = measure(metric, labels, predictions, kOne);
    return found ? std::string() : found.error().reason;
  };
  EXPECT_EQ(reason(QualityMetric::kAccuracy, {}, {}), "metric.undefined");
  EXPECT_EQ(reason(QualityMetric::kAccuracy, cells({1}), cells({1, 2})), "metric.undefined");
  EXPECT_EQ(reason(QualityMetric::kAuc, cells({1, 1}), cells({0.1, 0.2})), "metric.undefined");
  EXPECT_EQ(reason(QualityMetric::kR2, cells({2, 2}), cells({1, 2})), "metric.undefined");
  EXPECT_EQ(reason(QualityMetric::kMae, texts({"a"}), cells({1})), "metric.undefined");
  EXPECT_EQ(reason(QualityMetric::kMae, cells({1}), texts({"nan"})), "metric.undefined");
}

}  // namespace
}  // namespace slipway
