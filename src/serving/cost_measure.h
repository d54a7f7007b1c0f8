// Runs a model on generated rows to learn what a run costs by the number of its rows.
#pragma once

#include "runtime/loaded_model.h"
#include "serving/cost_curve.h"

namespace slipway {

// Empty for a model without a batch axis, or that takes longer than about 20 ms for a row. A few milliseconds; of slow
// models up to a second. The outcome describes the machine as busy as it is.
CostCurve measure_cost_curve(const LoadedModel& model);

}  // namespace slipway
