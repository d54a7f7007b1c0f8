#include "serving/tune_measure.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <latch>
#include <optional>
#include <thread>

#include "runtime/probe_input.h"

namespace slipway {
namespace {

using Steady = std::chrono::steady_clock;

constexpr double kRunUsMax = 1e6;  // more rows of so slow a model are not tried
constexpr std::size_t kRunsMin = 3;

double us_between(Steady::time_point from, Steady::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

std::vector<std::uint32_t> powers_up_to(std::uint32_t most) {
  std::vector<std::uint32_t> values;
  for (std::uint32_t value = 1; value < most; value *= 2) values.push_back(value);
  values.push_back(most);
  return values;
}

std::vector<ProbeInput> inputs_of(const LoadedModel& model, std::uint32_t rows, std::int64_t other_dimension) {
  ProbeRows wanted{.batch = std::vector<bool>(rows, false), .other_dimension = other_dimension};
  for (std::uint32_t row = 0; row < rows; row += 2) wanted.batch[row] = true;
  return make_probe_inputs(model.signature(), wanted);
}

// The size of variable dimensions that the model takes, or why it takes none.
Result<std::int64_t> accepted_size(const LoadedModel& model, std::int64_t asked) {
  const std::vector<std::int64_t> sizes =
      asked > 0 ? std::vector{asked} : std::vector<std::int64_t>(kProbeSizes.begin(), kProbeSizes.end());
  Error last;
  for (const std::int64_t size : sizes) {
    const std::vector<ProbeInput> inputs = inputs_of(model, 1, size);
    RunOutputs outputs;
    const Status ran = model.run(probe_views(inputs), {}, outputs);
    if (ran) return size;
    last = ran.error();
  }
  return fail(Code::kFailedPrecondition, "tune.no_run", "the model does not run on generated rows: " + last.message);
}

std::vector<std::uint32_t> row_counts(const LoadedModel& model, const TuneSettings& settings) {
  return powers_up_to(model.signature().is_batchable ? std::max(1U, settings.rows_max) : 1);
}

std::vector<std::uint32_t> instance_counts(const TuneSettings& settings) {
  return powers_up_to(std::max(1U, settings.instances_max));
}

// What one thread saw.
struct Runs {
  std::vector<float> us;
  Steady::time_point first;
  Steady::time_point last;
  Status status;
};

void run_for(const LoadedModel& model, std::span<const TensorView> inputs, std::chrono::milliseconds time, Runs& runs) {
  RunOutputs outputs;
  runs.first = Steady::now();
  runs.last = runs.first;
  while (runs.us.size() < kRunsMin || runs.last - runs.first < time) {
    runs.status = model.run(inputs, {}, outputs);
    if (!runs.status) return;
    const Steady::time_point now = Steady::now();
    runs.us.push_back(static_cast<float>(us_between(runs.last, now)));
    runs.last = now;
  }
}

double quantile(std::vector<float>& values, double q) {
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size()))) - 1;
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(rank));
  return values[rank];
}

Result<TunePoint> measure(const LoadedModel& model, std::uint32_t rows, std::uint32_t instances,
                          std::int64_t other_dimension, std::chrono::milliseconds time) {
  const std::vector<ProbeInput> inputs = inputs_of(model, rows, other_dimension);
  const std::vector<TensorView> views = probe_views(inputs);
  std::vector<Runs> all(instances);
  {
    std::latch start(instances);
    std::vector<std::jthread> threads;
    for (Runs& runs : all) {
      threads.emplace_back([&, into = &runs] {
        RunOutputs outputs;
        into->status = model.run(views, {}, outputs);  // what a first run sets up is no part of the others
        start.arrive_and_wait();
        if (into->status) run_for(model, views, time, *into);
      });
    }
  }
  TunePoint point{.rows = rows, .instances = instances};
  std::vector<float> us;
  for (const Runs& runs : all) {
    SLIPWAY_CHECK(runs.status);
    us.insert(us.end(), runs.us.begin(), runs.us.end());
    point.rows_per_s += rows * static_cast<double>(runs.us.size()) * 1e6 / us_between(runs.first, runs.last);
  }
  point.run_p50_us = quantile(us, 0.5);
  point.run_p99_us = quantile(us, 0.99);
  return point;
}

}  // namespace

std::uint64_t measured_points(const LoadedModel& model, const TuneSettings& settings) {
  return row_counts(model, settings).size() * instance_counts(settings).size();
}

Result<std::vector<TunePoint>> measure_points(const LoadedModel& model, const TuneSettings& settings) {
  SLIPWAY_TRY(const std::int64_t size, accepted_size(model, settings.other_dimension));
  std::vector<TunePoint> points;
  for (const std::uint32_t instances : instance_counts(settings)) {
    for (const std::uint32_t rows : row_counts(model, settings)) {
      SLIPWAY_TRY(const TunePoint point, measure(model, rows, instances, size, settings.point_time));
      points.push_back(point);
      if (settings.on_point && !settings.on_point(point)) {
        return fail(Code::kCancelled, "tune.cancelled", "the measurement was stopped");
      }
      if (point.run_p50_us > kRunUsMax) break;
    }
  }
  return points;
}

}  // namespace slipway
