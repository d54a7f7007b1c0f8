// From "this request runs on this version" to its outputs: on the I/O thread where the run is short, on a runner else.
//
// One call is one attempt: whoever retries, or falls back to another version, calls again with the same Execution.
//
// On the I/O thread, requests that have arrived together share a run where the model's cost curve says that it pays:
// the first of them waits behind what has arrived with it, joined by those that fit, then runs the batch for all. No
// timer, no lock, no other thread; a request that is alone waits for nothing.
#pragma once

#include <coroutine>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/task.h"
#include "base/tensor.h"
#include "serving/batch.h"
#include "serving/cancellation.h"
#include "serving/deadline_timer.h"
#include "serving/pooled_run.h"
#include "serving/remote.h"
#include "serving/served_version.h"

namespace slipway {

struct ExecuteCall {
  Executor* executor = nullptr;  // where the caller goes on
  Monotonic deadline{};
  std::uint64_t priority = 0;            // 1 is the most important; 0: the default level
  std::string_view caller;               // who asks: runners are shared fairly between callers
  Cancellation* cancellation = nullptr;  // null: whoever asks waits for the answer
};

// What one attempt produced, and what its views point into. Reused: clear() keeps capacity, so that runs on the I/O
// thread allocate nothing in the steady state.
class Execution {
 public:
  // In the order asked for, or the model's own. Valid until clear(), the next attempt, or the end of this object.
  std::span<const TensorView> outputs() const noexcept;
  void clear() noexcept;

 private:
  friend class Engine;
  std::shared_ptr<const ServedVersion> version_;  // outlives the outputs
  BatchPart part_;
  RunOutputs alone_;                      // of a run for this request only
  std::shared_ptr<RunOutputs> together_;  // of a batch, shared by its requests
  OutputSlice slice_;                     // of `together_`
  std::shared_ptr<PooledRun> pooled_;     // of a run on a runner
};

// One for each I/O thread.
class Engine {
 public:
  explicit Engine(DeadlineTimer& deadlines) : deadlines_(deadlines) {}

  // `inputs` and `wanted` (indices into the signature's outputs; empty for all) are borrowed until it returns. Errors:
  // those of LoadedModel::run(); deadline_exceeded "serving.deadline"; resource_exhausted "serving.queue_full";
  // cancelled "serving.cancelled".
  Task<Status> execute(ExecuteCall call, std::shared_ptr<const ServedVersion> version,
                       std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted, Execution& execution);

  // The same with another server in the place of a version. `signature`: what its answer must be like; outlives
  // `execution`'s outputs. Errors: those of RemoteEndpoint::infer().
  static Task<Status> ask(const ExecuteCall& call, const RemoteEndpoint& remote, const ModelSignature& signature,
                          std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted,
                          Execution& execution);

 private:
  struct Member {
    Execution* execution = nullptr;
    Monotonic deadline{};
    Status status;
    std::coroutine_handle<> waiting;
  };
  // Requests of one shape that have arrived in this turn of the event loop.
  struct Turn {
    std::vector<Member*> members;  // the first runs for all
    std::uint32_t rows = 0;
    bool is_open = false;
  };
  struct Join;
  using FreeOutputs = std::vector<std::unique_ptr<RunOutputs>>;

  static Status run_alone(const ServedVersion& version, std::span<const TensorView> inputs,
                          std::span<const std::uint32_t> wanted, Monotonic deadline, Execution& execution);
  static Task<Status> forward(const ExecuteCall& call, std::span<const TensorView> inputs,
                              std::span<const std::uint32_t> wanted, Execution& execution);
  Task<Status> run_in_turn(const ExecuteCall& call, const ServedVersion& version, Execution& execution);
  Task<Status> run_on_runner(const ExecuteCall& call, std::span<const TensorView> inputs,
                             std::span<const std::uint32_t> wanted, Execution& execution);
  Turn* find_open(const ServedVersion& version, const BatchPart& part) noexcept;
  Turn& open_turn();
  void run_batch(const ServedVersion& version, Turn& turn);
  std::shared_ptr<RunOutputs> borrow_outputs();

  DeadlineTimer& deadlines_;
  std::vector<std::unique_ptr<Turn>> turns_;  // open ones, those that are being answered, and those to be used again
  Batch batch_;
  std::vector<const BatchPart*> parts_;  // of a batch while it is gathered
  std::shared_ptr<FreeOutputs> free_outputs_ = std::make_shared<FreeOutputs>();
};

}  // namespace slipway
