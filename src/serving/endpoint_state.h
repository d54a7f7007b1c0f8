// What the policy of an endpoint remembers between requests: its concurrency, its retry budget, and of each version a
// breaker and how long a run takes.
//
// Made when the policy is and kept while it stays the same, whatever versions come and go. Found when a snapshot is
// published, so that a request takes no lock for it. Thread-safe but for guards_for(), which is the publisher's.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "serving/adaptive_limit.h"
#include "serving/bound_policy.h"
#include "serving/breaker.h"
#include "serving/metrics.h"
#include "serving/policy.h"
#include "serving/remote.h"
#include "serving/retry.h"
#include "serving/served_version.h"

namespace slipway {

// Counters of degraded answers, each made when its reason first occurs. Lookups take no lock.
class DegradedCounts {
 public:
  DegradedCounts(PolicyMetrics& metrics, std::string model) : metrics_(metrics), model_(std::move(model)) {}
  void add(std::string_view source, std::string_view reason);

 private:
  static constexpr std::size_t kSlots = 32;  // reasons beyond them are counted as "other"
  struct Slot {
    std::string source;
    std::string reason;
    metrics::Counter counter;
  };
  Slot* find(std::string_view source, std::string_view reason) noexcept;

  PolicyMetrics& metrics_;
  const std::string model_;
  std::mutex mutex_;  // of those who make one
  std::array<Slot, kSlots> slots_;
  std::atomic<std::size_t> used_{0};
};

class EndpointState : public std::enable_shared_from_this<EndpointState> {
 public:
  // `metrics` outlives it. `remotes`: null where the server asks none. The errors of check_chain().
  static Result<std::shared_ptr<EndpointState>> bind(Policy policy, std::string endpoint, PolicyMetrics& metrics,
                                                     Monotonic now, const Remotes* remotes = nullptr);

  // Of the same versions in the same order. Those of versions that are still served, or still answer a request, are
  // kept; a version counts as the same while its bytes are.
  std::vector<std::shared_ptr<VersionGuard>> guards_for(std::span<const std::shared_ptr<const ServedVersion>> versions,
                                                        Monotonic now);

  // nullopt at the limit, which is counted. An empty Place where the policy has no limit.
  std::optional<AdaptiveLimit::Place> try_enter(std::uint64_t priority);

  const Policy& policy() const noexcept { return policy_; }
  const std::string& endpoint() const noexcept { return endpoint_; }
  RetryBudget* retry_budget() noexcept { return retry_budget_ ? &*retry_budget_ : nullptr; }
  metrics::Counter& retries() noexcept { return retries_; }
  DegradedCounts& degraded() noexcept { return degraded_; }
  const RemoteEndpoint* remote(std::size_t step) const noexcept { return remotes_[step].get(); }  // of the chain

 private:
  EndpointState(Policy policy, std::string endpoint, PolicyMetrics& metrics, Monotonic now, const Remotes* remotes);

  const Policy policy_;
  const std::string endpoint_;
  PolicyMetrics& metrics_;
  std::optional<AdaptiveLimit> limit_;
  std::optional<RetryBudget> retry_budget_;
  metrics::Counter retries_;
  metrics::Gauge limit_gauge_;
  std::vector<metrics::Counter> shed_;  // by level
  DegradedCounts degraded_;
  std::vector<std::shared_ptr<const RemoteEndpoint>> remotes_;  // by step of the chain; null elsewhere
  std::map<std::string, std::weak_ptr<VersionGuard>> guards_;   // by version and digest
};

// One version under the policy of its endpoint.
struct VersionGuard {
  VersionGuard(std::shared_ptr<EndpointState> state, const ServedVersion& version, PolicyMetrics& metrics,
               Monotonic now);

  const std::shared_ptr<EndpointState> state;
  const BoundPolicy bound;
  std::optional<Breaker> breaker;
  RunEstimate estimate;

 private:
  metrics::Gauge breaker_state_;
};

// Fills in the guards of every model that has a state: the last step before a snapshot is published.
void add_guards(ServingSnapshot& snapshot, Monotonic now);

}  // namespace slipway
