// What is left of a batch when each key is kept once. Pure.
#pragma once

#include <span>
#include <vector>

#include "tracking/tracking.h"

namespace slipway {

// The total order of the points of one key: by step, time, value, then by what else a point has; NaN counts as 0, as it
// stands in SQL. The latest metric of a key is its greatest point.
bool is_before(const Metric& a, const Metric& b) noexcept;

// By key. Point into `metrics`.
std::vector<const Metric*> latest_of_each(std::span<const Metric> metrics);

// Of the points that name a logged model: the greatest of each model, key and data set, in that order.
std::vector<const Metric*> latest_of_each_model(std::span<const Metric> metrics);

// The last entry of each key, by key.
std::vector<const KeyValue*> last_of_each(std::span<const KeyValue> entries);

}  // namespace slipway
