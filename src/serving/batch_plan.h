// Decides how many rows share a run, and how long a request may wait for others. Pure.
#pragma once

#include <chrono>
#include <cstdint>

#include "runtime/loaded_model.h"
#include "serving/batch_policy.h"
#include "serving/cost_curve.h"

namespace slipway {

struct BatchPlan {
  std::uint32_t rows_max = 1;       // of one run on a runner; 1: each request runs alone
  std::uint32_t turn_rows_max = 1;  // of one run on an I/O thread
};

// `turn_run_max`: longest run of a batch on an I/O thread.
BatchPlan plan_batches(const ModelSignature& signature, const CostCurve& curve, const BatchPolicy& policy,
                       std::chrono::microseconds turn_run_max);

struct WaitingBatch {
  std::uint32_t rows = 0;
  double waited_us = 0;        // the first of them
  double next_arrival_us = 0;  // from now, as far as one can tell
};

// Would a runner that has nothing else to do rather wait for one more row than run what waits? Adaptive: while that
// lowers the sum of the latencies. With n rows waiting and the next d away, running now makes that one wait for the run
// and have one of its own: n c(n) + max(0, c(n) - d) + c(1). Waiting delays all: n (d + c(n+1)) + c(n+1).
bool is_worth_waiting(const WaitingBatch& batch, const BatchPolicy& policy, const BatchPlan& plan,
                      const CostCurve& curve) noexcept;

// How many of `available` rows a runner should take: the largest preferred size that they fill, or all that may.
std::uint32_t rows_to_take(std::uint32_t available, const BatchPolicy& policy, const BatchPlan& plan) noexcept;

}  // namespace slipway
