// One request on a runner. Its caller can be answered at the deadline although the run goes on: from the moment that
// the run begins it uses a copy of the inputs.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/tensor.h"
#include "runtime/loaded_model.h"
#include "serving/batch.h"
#include "serving/deadline_timer.h"
#include "serving/served_version.h"

namespace slipway {

class PooledRun : public std::enable_shared_from_this<PooledRun> {
 public:
  struct Request {
    std::span<const TensorView> inputs;     // both borrowed until `done` is called
    std::span<const std::uint32_t> wanted;  // indices into the signature's outputs; empty for all
    Monotonic deadline{};
    std::uint64_t priority = 0;  // 1 is the most important; 0: the default level
    std::string_view caller;
  };
  struct Answer {
    std::shared_ptr<PooledRun> run;
    Status status;
  };

  explicit PooledRun(std::shared_ptr<const ServedVersion> version) : version_(std::move(version)) {}

  // Calls `done` exactly once, from another thread or this one: with the run's status; deadline_exceeded
  // "serving.deadline" when the deadline comes first; cancelled "serving.cancelled"; resource_exhausted
  // "serving.queue_full" when it finds no place, or loses it to a more important request; the errors of check_inputs().
  void begin(const Request& request, DeadlineTimer& deadlines, std::function<void(Status)> done);

  // Its caller waits no longer: the deadline has come or, before that, the caller has gone. Answers if nothing was
  // answered yet. A run ends early when nobody waits for it any more.
  void expire();
  // For the pool: there is no place for it.
  void refuse();

  // Precondition: `done` was called with success.
  std::span<const TensorView> outputs() const noexcept { return slice_.tensors(); }

  // For runners: runs those of one version that still wait, together. Whatever is to be answered, in their order.
  static std::vector<Answer> run(std::span<const std::shared_ptr<PooledRun>> runs, Batch& batch);
  void answer(Status status);

 private:
  enum class State : std::uint8_t {
    kWaiting,
    kTaken,    // by a runner, which reads the inputs: nothing may be answered meanwhile
    kExpired,  // while taken: the runner answers
    kRunning,
    kAnswered
  };
  // What runs together; shared by its members.
  struct Group {
    std::atomic<std::size_t> waiting{0};
    std::unique_ptr<RunControl> control;
  };

  bool move(State from, State to) noexcept { return state_.compare_exchange_strong(from, to); }
  bool is_awaited() const noexcept { return state_.load() == State::kRunning; }
  Status given_up() const;

  std::shared_ptr<const ServedVersion> version_;
  Monotonic submitted_{};
  Monotonic deadline_{};
  BatchPart part_;
  std::shared_ptr<Group> group_;  // set before it runs
  std::shared_ptr<RunOutputs> outputs_;
  OutputSlice slice_;
  std::atomic<State> state_{State::kWaiting};
  std::function<void(Status)> done_;
};

}  // namespace slipway
