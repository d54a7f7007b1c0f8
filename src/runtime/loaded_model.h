// A model that is ready to answer: the port between serving and the technologies that run models.
//
// A LoadedModel is immutable and shared by all threads; run() may be called concurrently, each call with its own
// RunOutputs. Whoever runs it holds it: a model outlives its last call and every view that a RunOutputs gives.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"

namespace slipway {

struct ModelTensor {
  TensorSpec spec;          // -1 is a variable dimension
  bool has_rank = true;     // false: the model does not say how many dimensions; spec.shape is empty
  bool is_batched = false;  // dimension 0 counts rows, and rows do not influence each other (proved at load)
};

struct ModelSignature {
  std::vector<ModelTensor> inputs;
  std::vector<ModelTensor> outputs;
  bool is_batchable = false;  // every input has is_batched, and every output that has one row per row of input

  std::optional<std::uint32_t> find_output(std::string_view name) const noexcept;
};

// What a run produced. Made for reuse: reset() frees the tensors and keeps the bookkeeping, so that a runner in its
// steady state allocates only what the runtime itself allocates. Not for two threads at once.
class RunOutputs {
 public:
  // Each runtime keeps its own values here, made at the first run.
  struct Storage {
    virtual ~Storage() = default;
    virtual void clear() noexcept = 0;
    std::vector<TensorView> tensors;
  };

  RunOutputs() = default;
  RunOutputs(RunOutputs&&) noexcept = default;
  RunOutputs& operator=(RunOutputs&&) noexcept = default;

  // In the order asked for; valid until reset(), the next run with this object, or its end.
  std::span<const TensorView> tensors() const noexcept {
    return storage_ ? std::span<const TensorView>(storage_->tensors) : std::span<const TensorView>();
  }
  void reset() noexcept {
    if (storage_) storage_->clear();
  }

  std::unique_ptr<Storage>& storage() noexcept { return storage_; }  // for runtimes

 private:
  std::unique_ptr<Storage> storage_;
};

// Stops runs from another thread: at a deadline, or when the client is gone.
class RunControl {
 public:
  virtual ~RunControl() = default;
  // Thread-safe. The run ends between two nodes of the graph, so a single long operator runs to its end: answer the
  // client at the deadline without waiting, and count the runner as busy until run() returns. Sticks until rearm().
  virtual void terminate() noexcept = 0;
  virtual void rearm() noexcept = 0;
};

class LoadedModel {
 public:
  virtual ~LoadedModel() = default;

  virtual const ModelSignature& signature() const noexcept = 0;

  // `inputs`: one view per input of the signature, in any order, borrowed for the call only. `wanted`: indices into
  // signature().outputs; empty for all. Fails with invalid_argument naming the tensor, what was found and what would be
  // accepted; deadline_exceeded "run.terminated" after control->terminate(); resource_exhausted "run.out_of_memory";
  // internal "run.failed".
  virtual Status run(std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted, RunOutputs& out,
                     RunControl* control = nullptr) const = 0;

  // Reusable, one for each run at a time; belongs to this model's runtime.
  virtual Result<std::unique_ptr<RunControl>> make_control() const = 0;
};

}  // namespace slipway
