#include "serving/batch_plan.h"

#include <algorithm>

namespace slipway {
namespace {

constexpr std::uint32_t kRowsMax = 64;      // where nothing else limits them
constexpr std::uint32_t kRowsThatTell = 8;  // the batch size at which it is decided whether batching pays
constexpr double kSavedShareMin = 0.3;      // of a run of one row
constexpr double kTurnSavedUsMin = 5;       // collecting a request costs one or two

bool pays(const CostCurve& curve, double saved_us_min) {
  const double saved_us = curve.saved_us(kRowsThatTell);
  return saved_us > saved_us_min && saved_us > kSavedShareMin * curve.run_us(1);
}

}  // namespace

BatchPlan plan_batches(const ModelSignature& signature, const CostCurve& curve, const BatchPolicy& policy,
                       std::chrono::microseconds turn_run_max) {
  BatchPlan plan;
  if (!signature.is_batchable || !policy.is_enabled) return plan;
  if (policy.rows_max > 0) {
    plan.rows_max = policy.rows_max;
  } else if (pays(curve, 0)) {
    plan.rows_max = kRowsMax;
  }
  if (pays(curve, kTurnSavedUsMin)) {
    plan.turn_rows_max = std::max(1U, curve.rows_within(static_cast<double>(turn_run_max.count()), plan.rows_max));
  }
  return plan;
}

bool is_worth_waiting(const WaitingBatch& batch, const BatchPolicy& policy, const BatchPlan& plan,
                      const CostCurve& curve) noexcept {
  const double left_us = static_cast<double>(policy.delay_max.count()) - batch.waited_us;
  const std::uint32_t full = policy.preferred_rows.empty() ? plan.rows_max : policy.preferred_rows.back();
  if (left_us <= 0 || batch.rows == 0 || batch.rows >= std::min(full, plan.rows_max)) return false;
  if (std::ranges::find(policy.preferred_rows, batch.rows) != policy.preferred_rows.end()) return false;
  if (!policy.is_adaptive) return true;
  if (batch.next_arrival_us > left_us) return false;
  const double n = batch.rows;
  const double now_us = curve.run_us(batch.rows);
  const double then_us = curve.run_us(batch.rows + 1);
  return n * (batch.next_arrival_us + then_us) + then_us <
         n * now_us + std::max(0.0, now_us - batch.next_arrival_us) + curve.run_us(1);
}

std::uint32_t rows_to_take(std::uint32_t available, const BatchPolicy& policy, const BatchPlan& plan) noexcept {
  std::uint32_t rows = std::min(available, plan.rows_max);
  for (const std::uint32_t preferred : policy.preferred_rows) {
    if (preferred <= plan.rows_max && preferred <= available) rows = preferred;
  }
  return rows;
}

}  // namespace slipway
