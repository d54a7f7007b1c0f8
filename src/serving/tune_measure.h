// Runs a model on generated rows, more and more of them and on more and more threads, to see what this machine does.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "runtime/loaded_model.h"
#include "serving/tune_plan.h"

namespace slipway {

struct TuneSettings {
  std::uint32_t rows_max = 128;                    // of a run; powers of two up to it, and itself
  std::uint32_t instances_max = 1;                 // likewise
  std::chrono::milliseconds point_time{250};       // how long to measure each; at least three runs
  std::int64_t other_dimension = 0;                // size of variable dimensions but the first; 0: see kProbeSizes
  std::function<bool(const TunePoint&)> on_point;  // told of each as it comes; false ends the measurement
};

// How many points that is, when no series ends early.
std::uint64_t measured_points(const LoadedModel& model, const TuneSettings& settings);

// With one instance first, ascending in rows. A model without a batch axis is measured with one row. Ends a series of
// rows early where a run takes longer than a second. Blocks for point_time times the number of points and more.
// failed_precondition "tune.no_run": the model does not run on generated rows; cancelled "tune.cancelled" by on_point.
Result<std::vector<TunePoint>> measure_points(const LoadedModel& model, const TuneSettings& settings);

}  // namespace slipway
