// One version, loaded and ready to answer; and the snapshot of all of them that the request path reads.
//
// Everything here is made once, when a version is published, and is immutable afterwards: names resolved, contract
// bound, metric handles found. Requests hold a shared_ptr to the version they use; it is freed after the last of them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "data/bind.h"
#include "runtime/loaded_model.h"
#include "serving/batch_plan.h"
#include "serving/batch_policy.h"
#include "serving/batch_statistics.h"
#include "serving/cost_curve.h"
#include "serving/inline_run.h"
#include "serving/metrics.h"
#include "serving/remote_model.h"
#include "serving/runner_pool.h"

namespace slipway {

// When a version answered last. One number for all threads, written at most once a millisecond.
class LastUse {
 public:
  void note(WallTime time) noexcept {
    const std::int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
    if (unix_ms_.load(std::memory_order_relaxed) < now_ms) unix_ms_.store(now_ms, std::memory_order_relaxed);
  }
  std::int64_t unix_ms() const noexcept { return unix_ms_.load(std::memory_order_relaxed); }  // 0: never

 private:
  std::atomic<std::int64_t> unix_ms_{0};
};

struct ServedVersion {
  std::string model;
  std::string version;      // semantic version
  std::string number_text;  // the integer that MLflow clients use, in digits
  Digest digest;            // of the bundle
  std::shared_ptr<const LoadedModel> runtime;
  std::shared_ptr<const RemoteModel> remote;  // the same, where it answers on another server; else null
  std::shared_ptr<const BoundContract> contract;
  InlineBudget inline_budget;  // which requests run on the I/O thread
  CostCurve cost_curve;        // measured at load; empty for a model without a batch axis
  BatchPolicy batch_policy;
  BatchPlan batch_plan;                         // what follows from both
  std::unique_ptr<RunnerPool> runners;          // for requests that do not run on the I/O thread; null for a remote
  std::shared_ptr<BatchStatistics> statistics;  // of the bytes of the version, whatever its policy
  mutable VersionMetrics metrics;               // handles: counting does not change the version
  mutable LastUse last_use;
  std::uint64_t memory_bytes = 0;   // what it takes, estimated from its trial
  std::vector<std::string> labels;  // of its classes, for the classification extension; often none
};

// Would a request be answered, as far as is known? The errors of RemoteWatch::readiness().
inline Status readiness(const ServedVersion& version) {
  return version.remote == nullptr ? Status() : version.remote->readiness();
}

// What runs it, as the protocol's metadata names it.
inline std::string_view platform_of(const ServedVersion& version) noexcept {
  return version.remote == nullptr ? "onnxruntime_onnx" : "slipway_remote";
}

// Looks names up without making a std::string.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

// Approved, and loaded when somebody asks for it.
struct DormantVersion {
  std::string id;  // of the registry
  std::string version;
  std::string number_text;
  bool operator==(const DormantVersion&) const = default;
};

class EndpointState;
struct VersionGuard;

struct ServedModel {
  std::shared_ptr<const ServedVersion> current;  // answers when no version is named; null: dormant.front()
  std::vector<std::shared_ptr<const ServedVersion>> versions;  // in ascending order
  std::vector<DormantVersion> dormant;                         // the one that would answer first
  std::vector<std::string> names;                              // of both, in ascending order
  std::vector<std::pair<std::string, std::string>> labels;     // "champion" and the version that it means
  std::shared_ptr<EndpointState> state;                        // of the endpoint's policy; null: it has none
  std::vector<std::shared_ptr<VersionGuard>> guards;           // of `versions`, in their order, where it has one

  // "1.2.3", the integer, or a label. Null when it is not loaded.
  std::shared_ptr<const ServedVersion> find(std::string_view version) const;
  // The same of those that wait; "" for the one that answers when no version is named. Null when there is none.
  const DormantVersion* find_dormant(std::string_view version) const;
  // Of one that is loaded; null where the endpoint has no policy.
  std::shared_ptr<VersionGuard> guard_of(const ServedVersion& version) const;
};

// Loads a version for whoever waits for it. Thread-safe.
class OnDemandLoader {
 public:
  virtual ~OnDemandLoader() = default;
  // Calls `done` once, from another thread or this one, when the version is in the newest snapshot, cannot be loaded,
  // or `deadline` or the server's own limit of waiting has passed. unavailable "serving.load_failed",
  // "serving.loading"; resource_exhausted "serving.memory_limit".
  virtual void load_now(const std::string& version_id, Monotonic deadline, std::function<void(Status)> done) = 0;
};

struct ServingSnapshot {
  std::unordered_map<std::string, ServedModel, TextHash, std::equal_to<>> models;
  OnDemandLoader* on_demand = nullptr;  // outlives the readers; null where no version is dormant
};

}  // namespace slipway
