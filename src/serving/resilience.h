// One request on an endpoint with a policy: runs of the version that was asked, then what the policy gives instead.
//
// A run that fails transiently is made again within the retry budget and the deadline. Where the version fails for good
// or its breaker is open, the chain of the policy is tried in order, then its default. Errors that the caller caused
// end it at once. Where the chain has a step that runs a model, a quarter of the time is kept for it.
//
// A version or endpoint that stands in runs under its own contract and breaker, but its own chain is not followed: a
// chain never goes round in circles.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "serving/deadline_timer.h"
#include "serving/endpoint_state.h"
#include "serving/execution.h"
#include "serving/policy_outputs.h"

namespace slipway {

// A version and, where its endpoint has a policy, its guard.
struct GuardedVersion {
  std::shared_ptr<const ServedVersion> version;
  std::shared_ptr<VersionGuard> guard;
};

// Where an answer comes from that is not of the version that was asked. Reused: clear() keeps capacity.
struct Degradation {
  std::string_view source;  // "version", "endpoint", "remote", "rules", "default"; "": not degraded
  std::string reason;       // of the error that the caller would have got
  std::string mark;         // both, for callers: source="rules"; reason="serving.deadline"
  std::shared_ptr<const ServedVersion> version;  // that answered; null where none of this server's did
  PolicyAnswer made;                             // the outputs, where the policy made them

  explicit operator bool() const noexcept { return !source.empty(); }
  void clear();
};

struct ResilientCall {
  ExecuteCall execute;  // the deadline: of all attempts and fallbacks
  Monotonic began{};
  bool is_callers_deadline = false;  // the caller gave it, and it is shorter than the policy's
  const GuardedVersion& asked;
  std::span<const TensorView> inputs;
  std::span<const std::uint32_t> wanted;
};

// One for each I/O thread.
class Resilience {
 public:
  // Finds a version, loading it where it waits for its first request.
  using Find = std::function<Task<Result<GuardedVersion>>(std::string_view model, std::string_view version,
                                                          Monotonic deadline, Executor& executor)>;
  Resilience(Engine& engine, DeadlineTimer& timer, Find find)
      : engine_(engine), timer_(timer), find_(std::move(find)) {}

  // Precondition: call.asked.guard is there. The outputs are in `execution`, or in `degradation` where no model made
  // them. Errors: those of Engine::execute(); unavailable "serving.breaker_open"; internal "serving.not_finite".
  // `place`: of the endpoint's limit, which learns how long the run took.
  Task<Status> answer(ResilientCall call, AdaptiveLimit::Place place, Execution& execution, Degradation& degradation);

 private:
  struct Run;
  Task<Status> run_with_retries(const ResilientCall& call, Monotonic deadline, AdaptiveLimit::Place& place,
                                Execution& execution);
  Task<Status> run_once(const Run& run, Execution& execution);
  Task<Status> run_instead(const ResilientCall& call, const FallbackStep& step, Execution& execution,
                           Degradation& degradation);
  Task<Status> run_step(const ResilientCall& call, std::size_t step, Execution& execution, Degradation& degradation);
  Task<Status> ask_remote(const ResilientCall& call, std::size_t step, Execution& execution);

  Engine& engine_;
  DeadlineTimer& timer_;
  const Find find_;
};

}  // namespace slipway
