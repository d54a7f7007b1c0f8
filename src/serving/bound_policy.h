// What a policy gives in place of one version, and whether a policy fits what is served. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "serving/policy.h"
#include "serving/policy_outputs.h"
#include "serving/policy_rules.h"
#include "serving/served_version.h"

namespace slipway {

struct BoundPolicy {
  std::vector<std::optional<PolicyRules>> rules;  // by step of the chain; none elsewhere
  std::optional<PolicyOutputs> by_default;
  std::vector<Error> problems;  // what does not fit the version, and is left out
};

BoundPolicy bind_policy(const Policy& policy, const ServedVersion& version);

// May it become the policy of the endpoint? Everything that does not need its versions is always checked; the rest
// where the endpoint is served, against the version that answers when none is named. invalid_argument
// "policy.no_cache", "policy.cycle", "policy.unknown_version", "policy.unknown_endpoint"; the
// errors of PolicyRules::bind().
Status check_policy(const Policy& policy, std::string_view endpoint, const ServingSnapshot& snapshot);
// The first half of it.
Status check_chain(const Policy& policy, std::string_view endpoint);

}  // namespace slipway
