// The port to servers that speak the Open Inference Protocol: what serving needs of them, whoever carries it there.
//
// Nothing here blocks but Remotes::describe(). All of it is thread-safe and outlives its last call.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "base/result.h"
#include "base/task.h"
#include "base/tensor.h"
#include "runtime/loaded_model.h"
#include "serving/remote_target.h"

namespace slipway {

struct RemoteCall {
  Executor* executor = nullptr;  // where the caller goes on, and where tensors are encoded and decoded
  Monotonic deadline{};
  std::span<const TensorView> inputs;     // borrowed until the task has its value, as all below
  const ModelSignature* signature;        // the answer must have its outputs
  std::span<const std::uint32_t> wanted;  // indices into the signature's outputs; empty for all
};

// One model on one remote.
class RemoteEndpoint {
 public:
  virtual ~RemoteEndpoint() = default;

  // On success the outputs, in the order wanted, are in `out`. Errors name the remote and what was found:
  // failed_precondition "remote.not_allowed", "remote.key"; unavailable "remote.unreachable" (no connection, or it
  // broke before an answer), "remote.busy" (as many connections as may be); deadline_exceeded "remote.deadline";
  // "remote.status" by the status: invalid_argument where the remote refuses what was asked, unavailable where it may
  // pass, internal elsewhere; internal "remote.answer" for an answer that is none, or not of the signature.
  virtual Task<Status> infer(RemoteCall call, RunOutputs& out) const = 0;
};

class Remotes {
 public:
  virtual ~Remotes() = default;

  // May it be asked, and is its key there? invalid_argument "remote.bad_url", failed_precondition "remote.not_allowed",
  // "remote.key".
  virtual Status check(const RemoteTarget& target) const = 0;
  // Connects when the first request comes; infer() fails where check() does.
  virtual std::shared_ptr<const RemoteEndpoint> open(const RemoteTarget& target) const = 0;
};

}  // namespace slipway
