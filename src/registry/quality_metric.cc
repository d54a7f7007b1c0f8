#include "registry/quality_metric.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

namespace slipway {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"accuracy", "f1", "auc", "mae", "rmse", "r2"};

tl::unexpected<Error> undefined(std::string_view why) {
  return fail(Code::kInvalidArgument, "metric.undefined", std::string(why));
}

Result<std::vector<double>> numbers_of(std::span<const Cell> cells, std::string_view what) {
  std::vector<double> numbers;
  numbers.reserve(cells.size());
  for (std::size_t row = 0; row < cells.size(); ++row) {
    numbers.push_back(to_double(cells[row]));
    if (std::isfinite(numbers.back())) continue;
    return undefined(std::string(what) + " of row " + std::to_string(row) +
                     " is not a finite number: " + to_text(cells[row]));
  }
  return numbers;
}

double accuracy(std::span<const Cell> labels, std::span<const Cell> predictions) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) right += is_same(labels[i], predictions[i]) ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

double f1(std::span<const Cell> labels, std::span<const Cell> predictions, const Cell& positive) {
  std::size_t hits = 0;
  std::size_t errors = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const bool is_positive = is_same(labels[i], positive);
    const bool is_predicted = is_same(predictions[i], positive);
    if (is_positive && is_predicted) ++hits;
    if (is_positive != is_predicted) ++errors;
  }
  if (hits + errors == 0) return 0;
  return 2.0 * static_cast<double>(hits) / static_cast<double>(2 * hits + errors);
}

// Mann-Whitney: the share of (positive, negative) pairs in which the positive has the greater score; ties count half.
Result<double> auc(std::span<const Cell> labels, std::span<const double> scores, const Cell& positive) {
  std::vector<std::size_t> order(labels.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double pairs = 0;
  double negatives = 0;
  double positives = 0;
  for (std::size_t begin = 0; begin < order.size();) {
    double tied_positives = 0;
    std::size_t end = begin;
    for (; end < order.size() && scores[order[end]] == scores[order[begin]]; ++end) {
      tied_positives += is_same(labels[order[end]], positive) ? 1 : 0;
    }
    const double tied_negatives = static_cast<double>(end - begin) - tied_positives;
    pairs += tied_positives * (negatives + tied_negatives / 2);
    positives += tied_positives;
    negatives += tied_negatives;
    begin = end;
  }
  if (positives == 0 || negatives == 0)
    return undefined("auc needs rows of the positive label " + to_text(positive) + " and of others");
  return pairs / (positives * negatives);
}

Result<double> regression(QualityMetric metric, std::span<const double> labels, std::span<const double> predictions) {
  const double mean = std::accumulate(labels.begin(), labels.end(), 0.0) / static_cast<double>(labels.size());
  double absolute = 0;
  double squared = 0;
  double spread = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    absolute += std::abs(labels[i] - predictions[i]);
    squared += (labels[i] - predictions[i]) * (labels[i] - predictions[i]);
    spread += (labels[i] - mean) * (labels[i] - mean);
  }
  const auto count = static_cast<double>(labels.size());
  if (metric == QualityMetric::kMae) return absolute / count;
  if (metric == QualityMetric::kRmse) return std::sqrt(squared / count);
  if (spread == 0) return undefined("r2 needs labels that differ");
  return 1 - squared / spread;
}

}  // namespace

std::string_view to_string(QualityMetric metric) noexcept { return kNames[static_cast<std::size_t>(metric)]; }

std::optional<QualityMetric> parse_quality_metric(std::string_view text) noexcept {
  const auto found = std::find(kNames.begin(), kNames.end(), text);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<QualityMetric>(found - kNames.begin());
}

bool is_same(const Cell& a, const Cell& b) {
  if (a == b) return true;
  const double x = to_double(a);
  return !std::isnan(x) && x == to_double(b);
}

Result<double> measure(QualityMetric metric, std::span<const Cell> labels, std::span<const Cell> predictions,
                       const Cell& positive) {
  if (labels.empty() || labels.size() != predictions.size())
    return undefined("a metric needs rows, and a prediction for each");
  if (metric == QualityMetric::kAccuracy) return accuracy(labels, predictions);
  if (metric == QualityMetric::kF1) return f1(labels, predictions, positive);
  SLIPWAY_TRY(const std::vector<double> found, numbers_of(predictions, "the prediction"));
  if (metric == QualityMetric::kAuc) return auc(labels, found, positive);
  SLIPWAY_TRY(const std::vector<double> expected, numbers_of(labels, "the label"));
  return regression(metric, expected, found);
}

}  // namespace slipway
