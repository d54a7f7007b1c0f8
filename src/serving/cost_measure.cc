#include "serving/cost_measure.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "runtime/probe_input.h"

namespace slipway {
namespace {

constexpr std::array<std::uint32_t, 4> kRows = {1, 2, 8, 32};
constexpr int kRuns = 5;                // the shortest tells what the run itself costs
constexpr double kRowUsMax = 20'000;    // of slower models, batches are the owner's decision
constexpr double kPointUsMax = 50'000;  // of a slow model fewer runs, and fewer rows, must do

// The shortest of a few runs; nothing when they fail.
std::optional<double> measure(const LoadedModel& model, std::uint32_t rows, std::int64_t other_dimension) {
  ProbeRows wanted{.batch = std::vector<bool>(rows, false), .other_dimension = other_dimension};
  for (std::uint32_t row = 0; row < rows; row += 2) wanted.batch[row] = true;
  const std::vector<ProbeInput> inputs = make_probe_inputs(model.signature(), wanted);
  const std::vector<TensorView> views = probe_views(inputs);
  std::optional<double> shortest;
  double total_us = 0;
  RunOutputs outputs;
  for (int i = 0; i < kRuns && total_us < kPointUsMax; ++i) {
    const auto start = std::chrono::steady_clock::now();
    if (!model.run(views, {}, outputs)) return std::nullopt;
    const double us = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
    shortest = std::min(shortest.value_or(us), us);
    total_us += us;
  }
  return shortest;
}

}  // namespace

CostCurve measure_cost_curve(const LoadedModel& model) {
  if (!model.signature().is_batchable) return {};
  for (const std::int64_t size : kProbeSizes) {
    std::vector<CostCurve::Point> points;
    for (const std::uint32_t rows : kRows) {
      const auto run_us = measure(model, rows, size);
      if (!run_us) break;
      if (rows == 1 && *run_us > kRowUsMax) return {};
      points.push_back({rows, *run_us});
      if (*run_us * 4 > kPointUsMax) break;
    }
    if (!points.empty()) return CostCurve(std::move(points));
  }
  return {};
}

}  // namespace slipway
