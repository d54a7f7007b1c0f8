// The port to servers that speak the Open Inference Protocol: what serving needs of them, whoever carries it there.
//
// Nothing here blocks but Remotes::describe(). All of it is thread-safe and outlives its last call.
#pragma once

#include <algorithm>
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

struct RemoteServerMetadata {
  std::string name;
  std::string version;
  std::vector<std::string> extensions;
  bool has_binary_tensors() const noexcept {
    return std::find(extensions.begin(), extensions.end(), "binary_tensor_data") != extensions.end();
  }
};

struct RemoteModelMetadata {
  std::string name;
  std::string platform;
  std::vector<std::string> versions;
  std::vector<TensorSpec> inputs;  // may be empty: some servers do not know
  std::vector<TensorSpec> outputs;
};

struct RemoteMetadata {
  RemoteServerMetadata server;
  RemoteModelMetadata model;
};

// Looks at a remote every second while it is held.
class RemoteWatch {
 public:
  virtual ~RemoteWatch() = default;
  // The remote was reached lately, says that the model is ready, and describes it as it did at the trial. Errors, as of
  // the last look: those of infer(); unavailable "remote.not_ready", "remote.changed".
  virtual Status readiness() const = 0;
  // May it be asked? Not before it was found to describe the model as at the trial, nor after it was found to be gone
  // or changed. O(1) and no lock where it may.
  virtual Status usability() const = 0;
};

class Remotes {
 public:
  virtual ~Remotes() = default;

  // May it be asked, and is its key there? invalid_argument "remote.bad_url", failed_precondition "remote.not_allowed",
  // "remote.key".
  virtual Status check(const RemoteTarget& target) const = 0;
  // Connects when the first request comes; infer() fails where check() does.
  virtual std::shared_ptr<const RemoteEndpoint> open(const RemoteTarget& target) const = 0;
  // Blocks until the deadline at most. The errors of check() and RemoteEndpoint::infer().
  virtual Result<RemoteMetadata> describe(const RemoteTarget& target, Monotonic deadline) const = 0;
  // `metadata`: of metadata_digest() at the trial. Blocks until the first look is done, or the deadline.
  virtual std::shared_ptr<const RemoteWatch> watch(const RemoteTarget& target, const Digest& metadata,
                                                   Monotonic deadline) const = 0;
};

// What must stay as it was at the trial: platform, and names, types and shapes of inputs and outputs in their order.
Digest metadata_digest(const RemoteModelMetadata& metadata);

}  // namespace slipway
