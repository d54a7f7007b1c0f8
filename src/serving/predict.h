// The request path: from a decoded request to an answer, one step a line (predict.cc).
//
// Protocol dialects decode into InferRequest, call predict(), and encode Prediction::response. Whoever asks has been
// authenticated and authorised by then. Nothing here reads SQL, takes a lock or allocates in the steady state.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "access/permission.h"
#include "audit/log.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/snapshot.h"
#include "base/task.h"
#include "serving/admission.h"
#include "serving/cache_key.h"
#include "serving/cancellation.h"
#include "serving/commitment.h"
#include "serving/deadline_timer.h"
#include "serving/execution.h"
#include "serving/infer.h"
#include "serving/prediction_cache.h"
#include "serving/resilience.h"
#include "serving/served_version.h"

namespace slipway {

// Who asks, since when, and where the answer must go on.
struct PredictCall {
  std::string_view principal_id;
  Id request_id;
  std::array<std::uint8_t, 16> trace_id{};
  Monotonic received{};
  Executor* executor = nullptr;
  std::string_view job = {};             // the asynchronous request that this is a run of; "" where the caller waits
  Cancellation* cancellation = nullptr;  // null where the caller cannot be seen to go
};

// An answer and what its views point into. Reused: clear() keeps capacity.
struct Prediction {
  std::shared_ptr<const ServedVersion> version;
  std::vector<std::uint32_t> wanted;  // outputs asked for, as indices into the signature
  Execution execution;
  Degradation degradation;                     // by the endpoint's policy
  std::shared_ptr<const CachedAnswer> cached;  // the answer, where a cache gave it
  std::string details;                         // of the audit record
  InferResponse response;

  void clear();
};

struct PredictLimits {
  std::chrono::milliseconds timeout_max{30'000};
  bool is_audit_strict = false;
};

// One for each I/O thread; shares its collaborators with the others.
class Predictor {
 public:
  Predictor(const SnapshotCell<ServingSnapshot>& serving, Admission& admission, DeadlineTimer& deadlines,
            audit::AuditLog& audit, const Secret& commitment_key, PredictionCache& cache, PredictLimits limits);

  // On failure `prediction` holds nothing to encode. Errors: not_found "model.not_found" or "model.version_not_served",
  // invalid_argument "contract.violation" or of the runtime, resource_exhausted "serving.too_many_requests",
  // "serving.overloaded" or "serving.queue_full", deadline_exceeded "serving.deadline", those of Resilience::answer(),
  // those of the audit log when it cannot keep the record.
  Task<Status> predict(const PredictCall& call, const InferRequest& request, Prediction& prediction);

  // Would predict() run it? Finds the version, which prediction.version then is, and holds the request to its contract.
  // A refusal is recorded and counted as one of predict(); what passes leaves no record. The errors of predict() that
  // need no run.
  Task<Status> check(const PredictCall& call, const InferRequest& request, Prediction& prediction);

  // The version that answers, null where it waits for its first request: load_now() then. not_found "model.not_found",
  // "model.version_not_served".
  Result<std::shared_ptr<const ServedVersion>> choose(std::string_view model, std::string_view version);
  // Loads it if it waits for that, never null. The errors of choose() and of OnDemandLoader::load_now(). The texts
  // outlive the task.
  Task<Result<std::shared_ptr<const ServedVersion>>> load_now(std::string_view model, std::string_view version,
                                                              Monotonic deadline, Executor& executor);

  // The newest snapshot, for metadata and readiness.
  const ServingSnapshot& snapshot() { return *serving_.read(); }
  // Lets go of an old snapshot on a thread that has nothing to do.
  void refresh() { serving_.read(); }

 private:
  Status select_outputs(const InferRequest& request, Prediction& prediction) const;
  Status validate(const InferRequest& request, const ServedVersion& version);
  Result<GuardedVersion> look_up(std::string_view model, std::string_view version);
  Task<Result<GuardedVersion>> find(std::string_view model, std::string_view version, Monotonic deadline,
                                    Executor& executor);
  Result<AdaptiveLimit::Place> enter_limit(const InferRequest& request, const GuardedVersion& asked) const;
  Task<Status> run(const PredictCall& call, const InferRequest& request, const GuardedVersion& asked,
                   AdaptiveLimit::Place place, Prediction& prediction, std::shared_ptr<const CachedAnswer> stale = {});
  std::chrono::microseconds time_limit(const GuardedVersion& asked) const;

  // predict_cached.cc
  struct Refresh;
  Task<Status> answer_by_cache(const PredictCall& call, const InferRequest& request, const GuardedVersion& asked,
                               Prediction& prediction);
  static void give(std::shared_ptr<const CachedAnswer> answer, std::string_view how, const GuardedVersion& asked,
                   Prediction& prediction);
  void begin_refresh(const PredictCall& call, const InferRequest& request, const GuardedVersion& asked,
                     const CacheKey& key, const Prediction& prediction);
  Task<Status> refresh(std::unique_ptr<Refresh> refresh);
  std::shared_ptr<const CachedAnswer> keep(const CachePolicy& policy, const CacheKey& key,
                                           std::span<const TensorView> outputs, std::chrono::nanoseconds run);
  Task<Status> record(const PredictCall& call, const InferRequest& request, Prediction& prediction, Code outcome);
  static Monotonic deadline(const PredictCall& call, const InferRequest& request, std::chrono::microseconds limit);

  SnapshotCell<ServingSnapshot>::Reader serving_;
  Admission& admission_;
  DeadlineTimer& deadlines_;
  Engine engine_;
  Resilience resilience_;
  audit::AuditLog& audit_;
  Committer committer_;
  PredictionCache& cache_;
  CacheKeyMaker cache_keys_;
  const PredictLimits limits_;
};

}  // namespace slipway
