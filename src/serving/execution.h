// From "this request runs on this version" to its outputs: on the I/O thread where the run is short, on a runner else.
//
// One call is one attempt: whoever retries, or falls back to another version, calls again with the same Execution.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "base/tensor.h"
#include "serving/deadline_timer.h"
#include "serving/pooled_run.h"
#include "serving/served_version.h"

namespace slipway {

struct ExecuteCall {
  Executor* executor = nullptr;  // where the caller goes on
  Monotonic deadline{};
  std::uint64_t priority = 0;  // 1 is the most important; 0: the default level
  std::string_view caller;     // who asks: runners are shared fairly between callers
};

// What one attempt produced, and what its views point into. Reused: clear() keeps capacity, so that runs on the I/O
// thread allocate nothing in the steady state.
class Execution {
 public:
  // In the order asked for, or the model's own. Valid until clear(), the next attempt, or the end of this object.
  std::span<const TensorView> outputs() const noexcept { return pooled_ ? pooled_->outputs() : outputs_.tensors(); }
  void clear() noexcept {
    outputs_.reset();
    pooled_.reset();
  }

 private:
  friend class Engine;
  RunOutputs outputs_;                 // of a run on the I/O thread
  std::shared_ptr<PooledRun> pooled_;  // of a run on a runner
};

// One for each I/O thread.
class Engine {
 public:
  explicit Engine(DeadlineTimer& deadlines) : deadlines_(deadlines) {}

  // `inputs` and `wanted` (indices into the signature's outputs; empty for all) are borrowed until it returns. Errors:
  // those of LoadedModel::run(); deadline_exceeded "serving.deadline"; resource_exhausted "serving.queue_full".
  Task<Status> execute(ExecuteCall call, std::shared_ptr<const ServedVersion> version,
                       std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted, Execution& execution);

 private:
  Task<Status> run_on_runner(const ExecuteCall& call, std::shared_ptr<const ServedVersion> version,
                             std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted,
                             Execution& execution);

  DeadlineTimer& deadlines_;
};

}  // namespace slipway
