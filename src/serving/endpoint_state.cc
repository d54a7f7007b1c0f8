#include "serving/endpoint_state.h"

#include <algorithm>

#include "base/log.h"

namespace slipway {

DegradedCounts::Slot* DegradedCounts::find(std::string_view source, std::string_view reason) noexcept {
  const auto end = slots_.begin() + static_cast<std::ptrdiff_t>(used_.load(std::memory_order_acquire));
  const auto found = std::find_if(slots_.begin(), end,
                                  [&](const Slot& slot) { return slot.source == source && slot.reason == reason; });
  return found == end ? nullptr : &*found;
}

void DegradedCounts::add(std::string_view source, std::string_view reason) {
  if (Slot* const slot = find(source, reason)) return slot->counter.add();
  std::lock_guard lock(mutex_);
  Slot* slot = find(source, reason);
  const std::size_t used = used_.load(std::memory_order_relaxed);
  if (slot == nullptr && used == kSlots) return slots_.back().counter.add();
  if (slot == nullptr) {
    slot = &slots_[used];
    if (used + 1 == kSlots) source = reason = "other";
    *slot = {std::string(source), std::string(reason), metrics_.degraded(model_, source, reason)};
    used_.store(used + 1, std::memory_order_release);
  }
  slot->counter.add();
}

Result<std::shared_ptr<EndpointState>> EndpointState::bind(Policy policy, std::string endpoint, PolicyMetrics& metrics,
                                                           Monotonic now, const Remotes* remotes) {
  SLIPWAY_CHECK(check_chain(policy, endpoint));
  return std::shared_ptr<EndpointState>(
      new EndpointState(std::move(policy), std::move(endpoint), metrics, now, remotes));
}

EndpointState::EndpointState(Policy policy, std::string endpoint, PolicyMetrics& metrics, Monotonic now,
                             const Remotes* remotes)
    : policy_(std::move(policy)),
      endpoint_(std::move(endpoint)),
      metrics_(metrics),
      retries_(metrics.retries(endpoint_)),
      degraded_(metrics, endpoint_) {
  for (const FallbackStep& step : policy_.fallback) {
    const bool is_remote = step.kind == FallbackStep::Kind::kRemote && remotes != nullptr;
    remotes_.push_back(is_remote ? remotes->open(step.remote) : nullptr);
  }
  if (policy_.retry) retry_budget_.emplace(*policy_.retry, now);
  if (!policy_.limit) return;
  limit_gauge_ = metrics.concurrency_limit(endpoint_);
  limit_.emplace(*policy_.limit, now, [this](double limit) { limit_gauge_.set(limit); });
  for (std::uint32_t level = 1; level <= policy_.limit->level_shares.size(); ++level) {
    shed_.push_back(metrics.shed(endpoint_, level));
  }
}

std::vector<std::shared_ptr<VersionGuard>> EndpointState::guards_for(
    std::span<const std::shared_ptr<const ServedVersion>> versions, Monotonic now) {
  std::erase_if(guards_, [](const auto& guard) { return guard.second.expired(); });
  std::vector<std::shared_ptr<VersionGuard>> guards;
  for (const auto& version : versions) {
    std::weak_ptr<VersionGuard>& known = guards_[version->version + " " + version->digest.hex()];
    std::shared_ptr<VersionGuard> guard = known.lock();
    if (guard == nullptr) known = guard = std::make_shared<VersionGuard>(shared_from_this(), *version, metrics_, now);
    guards.push_back(std::move(guard));
  }
  return guards;
}

std::optional<AdaptiveLimit::Place> EndpointState::try_enter(std::uint64_t priority) {
  if (!limit_) return AdaptiveLimit::Place();
  AdaptiveLimit::Place place = limit_->try_enter(priority);
  if (place) return place;
  shed_[limit_->level_of(priority) - 1].add();
  return std::nullopt;
}

VersionGuard::VersionGuard(std::shared_ptr<EndpointState> endpoint, const ServedVersion& version,
                           PolicyMetrics& metrics, Monotonic now)
    : state(std::move(endpoint)), bound(bind_policy(state->policy(), version)) {
  for (const Error& problem : bound.problems) {
    log::warning("policy.does_not_fit",
                 {{"model", version.model}, {"version", version.version}, {"message", problem.message}});
  }
  if (const double row_us = version.cost_curve.run_us(1); row_us > 0) {
    estimate.observe(std::chrono::nanoseconds(static_cast<std::int64_t>(row_us * 1e3)));
  }
  if (!state->policy().breaker) return;
  breaker_state_ = metrics.breaker_state(version.model, version.version);
  breaker_state_.set(0);
  breaker.emplace(*state->policy().breaker, now,
                  [this, model = version.model, name = version.version](const BreakerChange& change) {
                    breaker_state_.set(static_cast<double>(change.to));
                    log::warning("breaker.changed", {{"model", model},
                                                     {"version", name},
                                                     {"from", to_string(change.from)},
                                                     {"to", to_string(change.to)},
                                                     {"calls", change.calls},
                                                     {"failures", change.failures},
                                                     {"slow_calls", change.slow_calls}});
                  });
}

void add_guards(ServingSnapshot& snapshot, Monotonic now) {
  for (auto& [name, model] : snapshot.models) {
    if (model.state != nullptr) model.guards = model.state->guards_for(model.versions, now);
  }
}

}  // namespace slipway
