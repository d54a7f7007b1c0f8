// One run on a runner: it owns its inputs, so that the caller can be answered at the deadline although the run goes on.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/tensor.h"
#include "runtime/loaded_model.h"
#include "serving/deadline_timer.h"
#include "serving/served_version.h"

namespace slipway {

class PooledRun : public std::enable_shared_from_this<PooledRun> {
 public:
  // Copies the inputs.
  PooledRun(std::shared_ptr<const ServedVersion> version, std::span<const TensorView> inputs,
            std::span<const std::uint32_t> wanted);

  // Calls `done` exactly once, from another thread or this one: with the run's status; deadline_exceeded
  // "serving.deadline" when `deadline` comes first; resource_exhausted "serving.queue_full" at once when it finds no
  // place.
  void begin(Monotonic deadline, DeadlineTimer& deadlines, std::function<void(Status)> done);

  // Answers deadline_exceeded if nothing was answered yet, and asks the run to end.
  void expire();

  // Precondition: `done` was called with success.
  std::span<const TensorView> outputs() const noexcept { return outputs_.tensors(); }

 private:
  void execute(Monotonic submitted);
  void answer(Status status);

  std::shared_ptr<const ServedVersion> version_;
  std::vector<std::byte> arena_;
  std::vector<std::int64_t> shapes_;
  std::vector<std::string_view> strings_;
  std::vector<TensorView> inputs_;
  std::vector<std::uint32_t> wanted_;
  RunOutputs outputs_;
  std::unique_ptr<RunControl> control_;
  std::atomic<bool> is_answered_{false};
  std::function<void(Status)> done_;
};

}  // namespace slipway
