// A model that answers on another server, behind the port of runtime/loaded_model.h.
//
// forward() is the request path's: it waits for the network without a thread. run() blocks, for trials and tests.
#pragma once

#include <chrono>
#include <memory>

#include "base/task.h"
#include "runtime/loaded_model.h"
#include "runtime/probe_report.h"
#include "serving/remote.h"

namespace slipway {

class RemoteModel final : public LoadedModel {
 public:
  // `watch`: null during the trial. `run_deadline`: of all calls of run() together.
  RemoteModel(ModelSignature signature, std::shared_ptr<const RemoteEndpoint> endpoint,
              std::shared_ptr<const RemoteWatch> watch, Monotonic run_deadline);

  const ModelSignature& signature() const noexcept override { return signature_; }
  Status run(std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted, RunOutputs& out,
             RunControl* control) const override;
  Result<std::unique_ptr<RunControl>> make_control() const override;

  // The errors of check_inputs(), RemoteWatch::usability() and RemoteEndpoint::infer().
  Task<Status> forward(Executor& executor, Monotonic deadline, std::span<const TensorView> inputs,
                       std::span<const std::uint32_t> wanted, RunOutputs& out) const;
  Status readiness() const { return watch_ == nullptr ? Status() : watch_->readiness(); }

 private:
  const ModelSignature signature_;
  const std::shared_ptr<const RemoteEndpoint> endpoint_;
  const std::shared_ptr<const RemoteWatch> watch_;
  const Monotonic run_deadline_;
};

// What the remote and the description say together. invalid_argument "remote.no_signature" where neither knows the
// inputs or outputs, "remote.signature" where they differ.
Result<ModelSignature> remote_signature(const RemoteDescription& description, const RemoteModelMetadata& metadata);

struct RemoteTrial {
  std::shared_ptr<const RemoteModel> model;
  ProbeReport report;  // without a suite
};

// Reads the remote's metadata and asks it a few times with generated rows. Blocks. The errors of Remotes::describe()
// and remote_signature(); what the remote says of the generated rows is in the report.
Result<RemoteTrial> try_remote(const Remotes& remotes, const RemoteDescription& description, Monotonic deadline);

}  // namespace slipway
