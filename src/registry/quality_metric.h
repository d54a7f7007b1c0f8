// Numbers that say how good predictions are. Labels and predictions are cells: equal when they are the same number or
// the same text. Definitions as in scikit-learn.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "registry/owned_tensor.h"

namespace slipway {

enum class QualityMetric : std::uint8_t { kAccuracy, kF1, kAuc, kMae, kRmse, kR2 };

std::string_view to_string(QualityMetric metric) noexcept;  // "accuracy", "f1", "auc", "mae", "rmse", "r2"
std::optional<QualityMetric> parse_quality_metric(std::string_view text) noexcept;

bool is_same(const Cell& a, const Cell& b);

// `positive`: the label that f1 and auc are about. For auc the predictions are scores of that label. Fails with
// invalid_argument "metric.undefined" without rows, with a value that is no number where numbers are needed, for auc
// with labels of one class only, for r2 with a constant label.
Result<double> measure(QualityMetric metric, std::span<const Cell> labels, std::span<const Cell> predictions,
                       const Cell& positive);

}  // namespace slipway
