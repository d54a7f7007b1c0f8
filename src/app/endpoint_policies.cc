#include "app/endpoint_policies.h"

#include <algorithm>

#include "base/log.h"

namespace slipway {
namespace {

bool only_batches(Policy policy) {
  policy.batch = {};
  return policy == Policy();
}

// What a policy of this text comes to.
struct Effect {
  BatchPolicy batch;
  std::shared_ptr<EndpointState> state;
};

Result<Effect> effect_of(std::string_view endpoint, std::string_view yaml, PolicyMetrics& metrics, Monotonic now,
                         const Remotes* remotes) {
  SLIPWAY_TRY(Policy policy, parse_policy(yaml));
  Effect effect{.batch = policy.batch, .state = nullptr};
  if (only_batches(policy)) return effect;
  SLIPWAY_TRY(effect.state, EndpointState::bind(std::move(policy), std::string(endpoint), metrics, now, remotes));
  return effect;
}

}  // namespace

Status EndpointPolicies::check(std::string_view endpoint, std::string_view yaml, const ServingSnapshot& serving,
                               const Remotes& remotes) {
  SLIPWAY_TRY(const Policy policy, parse_policy(yaml));
  for (const FallbackStep& step : policy.fallback) {
    if (step.kind == FallbackStep::Kind::kRemote) SLIPWAY_CHECK(remotes.check(step.remote));
  }
  return check_policy(policy, endpoint, serving);
}

void EndpointPolicies::update(const std::vector<PolicyRevision>& newest, Monotonic now) {
  std::erase_if(policies_, [&](const auto& policy) {
    return std::none_of(newest.begin(), newest.end(),
                        [&](const PolicyRevision& revision) { return revision.endpoint == policy.first; });
  });
  for (const PolicyRevision& revision : newest) {
    InForce& policy = policies_[revision.endpoint];
    if (policy.revision == revision.revision) continue;
    policy.revision = revision.revision;
    auto effect = effect_of(revision.endpoint, revision.text, metrics_, now, remotes_);
    if (!effect) {
      log::error("policy.unreadable", {{"endpoint", revision.endpoint},
                                       {"revision", revision.revision},
                                       {"reason", effect.error().reason},
                                       {"message", effect.error().message}});
      continue;
    }
    policy.batch = std::move(effect->batch);
    policy.state = std::move(effect->state);
    log::info("policy.in_force", {{"endpoint", revision.endpoint}, {"revision", revision.revision}});
  }
}

std::shared_ptr<EndpointState> EndpointPolicies::state(const std::string& endpoint) const {
  const auto found = policies_.find(endpoint);
  return found == policies_.end() ? nullptr : found->second.state;
}

const BatchPolicy& EndpointPolicies::batch(const std::string& endpoint) const {
  static const BatchPolicy kDefault;
  const auto found = policies_.find(endpoint);
  return found == policies_.end() ? kDefault : found->second.batch;
}

}  // namespace slipway
