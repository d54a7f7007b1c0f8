#include "serving/bound_policy.h"

#include <algorithm>

#include "base/bytes.h"

namespace slipway {
namespace {

using Kind = FallbackStep::Kind;

std::string place_of(std::size_t step) { return "fallback[" + std::to_string(step) + "]"; }

bool is_served(const ServedModel& model, std::string_view version) {
  return version.empty() || model.find(version) != nullptr || model.find_dormant(version) != nullptr;
}

Status check_version(const ServedModel& model, std::string_view name, const FallbackStep& step,
                     const std::string& place) {
  if (is_served(model, step.version)) return {};
  std::string versions;
  for (const std::string& version : model.names) versions += (versions.empty() ? "" : ", ") + version;
  return fail(
      Code::kInvalidArgument, "policy.unknown_version",
      place + ": version " + quoted(step.version) + " of " + quoted(name) + " is not served; served are " + versions);
}

}  // namespace

BoundPolicy bind_policy(const Policy& policy, const ServedVersion& version) {
  BoundPolicy bound;
  const ModelSignature& signature = version.runtime->signature();
  for (std::size_t i = 0; i < policy.fallback.size(); ++i) {
    auto& bound_rules = bound.rules.emplace_back();
    const FallbackStep& step = policy.fallback[i];
    if (step.kind != Kind::kRules) continue;
    auto rules = PolicyRules::bind(step.rules, signature, *version.contract, place_of(i) + ".rules");
    if (rules) {
      bound_rules = *std::move(rules);
    } else {
      bound.problems.push_back(std::move(rules).error());
    }
  }
  if (policy.by_default.empty()) return bound;
  PolicyOutputs by_default;
  if (Status added = by_default.add(policy.by_default, signature, "default"); added) {
    bound.by_default = std::move(by_default);
  } else {
    bound.problems.push_back(std::move(added).error());
  }
  return bound;
}

Status check_chain(const Policy& policy, std::string_view endpoint) {
  for (std::size_t i = 0; i < policy.fallback.size(); ++i) {
    const FallbackStep& step = policy.fallback[i];
    if (step.kind == Kind::kStale) {
      return fail(
          Code::kInvalidArgument, "policy.unsupported",
          place_of(i) + ": there is no cache of predictions; a step is a version, an endpoint, a remote or rules");
    }
    if (step.kind == Kind::kEndpoint && step.endpoint == endpoint) {
      return fail(
          Code::kInvalidArgument, "policy.cycle",
          place_of(i) + ": endpoint " + quoted(endpoint) + " falls back to itself; name one of its versions instead");
    }
  }
  return {};
}

Status check_policy(const Policy& policy, std::string_view endpoint, const ServingSnapshot& snapshot) {
  SLIPWAY_CHECK(check_chain(policy, endpoint));
  const auto own = snapshot.models.find(endpoint);
  for (std::size_t i = 0; i < policy.fallback.size(); ++i) {
    const FallbackStep& step = policy.fallback[i];
    if (step.kind == Kind::kVersion && own != snapshot.models.end()) {
      SLIPWAY_CHECK(check_version(own->second, endpoint, step, place_of(i)));
    }
    if (step.kind != Kind::kEndpoint) continue;
    const auto other = snapshot.models.find(step.endpoint);
    if (other == snapshot.models.end()) {
      return fail(Code::kInvalidArgument, "policy.unknown_endpoint",
                  place_of(i) + ": endpoint " + quoted(step.endpoint) + " is not served");
    }
    SLIPWAY_CHECK(check_version(other->second, step.endpoint, step, place_of(i)));
  }
  if (own == snapshot.models.end() || own->second.current == nullptr) return {};
  BoundPolicy bound = bind_policy(policy, *own->second.current);
  return bound.problems.empty() ? Status() : fail(std::move(bound.problems.front()));
}

}  // namespace slipway
