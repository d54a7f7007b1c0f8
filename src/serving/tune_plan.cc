#include "serving/tune_plan.h"

#include <algorithm>
#include <tuple>

namespace slipway {
namespace {

constexpr double kGoodEnough = 0.95;                    // of the best rate
constexpr std::chrono::microseconds kDelayStep{100};    // a delay is not known better than this
constexpr std::chrono::microseconds kDelayMax{10'000};  // adaptive waiting ends long before

const TunePoint& alone(std::span<const TunePoint> points) {
  return *std::ranges::find_if(points, [](const TunePoint& p) { return p.rows == 1 && p.instances == 1; });
}

std::chrono::microseconds delay_for(const TunePoint& chosen, const TunePoint& single, const TuneGoal& goal) {
  const double left_us = static_cast<double>(goal.latency_max.count()) - 2 * chosen.run_p99_us;
  const double delay_us = std::min({left_us, single.run_p50_us, static_cast<double>(kDelayMax.count())});
  return std::chrono::microseconds(static_cast<std::int64_t>(std::max(0.0, delay_us))) / kDelayStep * kDelayStep;
}

}  // namespace

TuneProposal propose_policy(std::span<const TunePoint> points, const TuneGoal& goal) {
  const TunePoint& single = alone(points);
  const auto is_in_time = [&](const TunePoint& point) {
    return 2 * point.run_p99_us <= static_cast<double>(goal.latency_max.count());
  };
  double best = 0;
  for (const TunePoint& point : points) {
    if (is_in_time(point)) best = std::max(best, point.rows_per_s);
  }
  TuneProposal proposal;
  proposal.chosen = single;
  proposal.is_in_time = best > 0;
  const auto cost = [](const TunePoint& point) { return std::tie(point.instances, point.rows); };
  bool is_found = false;
  for (const TunePoint& point : points) {
    if (!is_in_time(point) || point.rows_per_s < kGoodEnough * best) continue;
    if (!is_found || cost(point) < cost(proposal.chosen)) proposal.chosen = point;
    is_found = true;
  }
  proposal.gain = single.rows_per_s > 0 ? proposal.chosen.rows_per_s / single.rows_per_s : 1;
  proposal.is_inline = single.run_p50_us < static_cast<double>(goal.inline_run_max.count());
  proposal.policy.is_enabled = proposal.chosen.rows > 1;
  if (proposal.policy.is_enabled) proposal.policy.rows_max = proposal.chosen.rows;
  if (proposal.is_inline) return proposal;
  proposal.policy.instances = proposal.chosen.instances;
  if (proposal.policy.is_enabled) proposal.policy.delay_max = delay_for(proposal.chosen, single, goal);
  return proposal;
}

std::string batch_section(const BatchPolicy& policy) {
  std::string text = "batch:\n";
  const auto add = [&text](std::string_view key, const std::string& value) {
    text.append("  ").append(key).append(": ").append(value).append("\n");
  };
  if (!policy.is_enabled) add("enabled", "false");
  if (policy.rows_max > 0) add("rowsMax", std::to_string(policy.rows_max));
  if (policy.instances > 0) add("instances", std::to_string(policy.instances));
  if (policy.delay_max.count() > 0) add("delayMax", std::to_string(policy.delay_max.count()) + "us");
  return text;
}

}  // namespace slipway
