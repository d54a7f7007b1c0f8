// The policies in force on this server: what SQL says of each endpoint, read, and bound to what it remembers.
//
// A state is kept while the text of its policy stays the same. A text that this program cannot read, written by a newer
// one, is logged once and leaves in force what was. One thread's.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "registry/policy_store.h"
#include "serving/endpoint_state.h"

namespace slipway {

class EndpointPolicies {
 public:
  // Both outlive it. `remotes`: null where no remote may be asked.
  explicit EndpointPolicies(PolicyMetrics& metrics, const Remotes* remotes = nullptr)
      : metrics_(metrics), remotes_(remotes) {}

  // May a policy of this text be set while this is served? The errors of parse_policy(), check_policy() and
  // Remotes::check(). Thread-safe.
  static Status check(std::string_view endpoint, std::string_view yaml, const ServingSnapshot& serving,
                      const Remotes& remotes);

  // `newest`: of each endpoint that has a policy.
  void update(const std::vector<PolicyRevision>& newest, Monotonic now);

  std::shared_ptr<EndpointState> state(const std::string& endpoint) const;  // null: nothing is to be done
  const BatchPolicy& batch(const std::string& endpoint) const;

 private:
  struct InForce {
    std::int64_t revision = 0;
    BatchPolicy batch;
    std::shared_ptr<EndpointState> state;
  };
  PolicyMetrics& metrics_;
  const Remotes* const remotes_;
  std::map<std::string, InForce> policies_;
};

}  // namespace slipway
