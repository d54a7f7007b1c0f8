// An ONNX model loaded into this process, behind the port of loaded_model.h.
//
// Outputs that are maps or sequences of maps, as scikit-learn's classifiers declare them (ZipMap), are presented as
// tensors: output "p" of type seq(map(K, V)) becomes "p" of type V and shape [rows, keys], and "p.keys" of type K and
// shape [keys]; a single map becomes [keys] and [keys].
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/loaded_model.h"
#include "runtime/onnx_inspect.h"
#include "runtime/onnx_runtime.h"

namespace slipway {

// The bytes of a model. Borrowed while load() runs; nothing points into them afterwards.
struct OnnxSource {
  struct ExternalFile {
    std::string name;  // as the model names it
    std::span<const std::byte> bytes;
  };
  std::span<const std::byte> model;
  std::vector<ExternalFile> external;  // every file that inspect_onnx() lists
};

struct OnnxLoadOptions {
  enum class Arena : std::uint8_t {
    kAuto,  // off for models of up to 8 MiB: its lock makes concurrent runs of small models wait for each other
    kOn,
    kOff,
  };
  enum class Threads : std::uint8_t {
    kAuto,    // kCaller for models of up to 8 MiB that take under a millisecond for a row
    kCaller,  // a run uses the thread that calls it: the most runs a second, no thread waits for another
    kShared,  // and the pool that all models share: the shortest run of a large model on an idle machine
  };
  OnnxLimits limits;
  Threads threads = Threads::kAuto;
  Arena arena = Arena::kAuto;
  // Runs the model on generated rows to prove that dimension 0 is a batch axis; off: no input is called batched.
  bool prove_batch_axis = true;
  std::uint64_t constant_folding_bytes_max = std::uint64_t{64} << 20;
};

class OnnxModel final : public LoadedModel {
 public:
  // Inspects, loads, and proves the batch axis. Slow (milliseconds to minutes): off the request path. Fails with
  // invalid_argument for a file that inspect_onnx() refuses or that ONNX Runtime cannot load ("model.load_failed"), and
  // failed_precondition "model.external_missing" when the source lacks external data.
  static Result<std::shared_ptr<const OnnxModel>> load(std::shared_ptr<const OnnxRuntime> runtime,
                                                       const OnnxSource& source, const OnnxLoadOptions& options = {});
  ~OnnxModel() override;

  const ModelSignature& signature() const noexcept override { return signature_; }
  const OnnxSummary& summary() const noexcept { return summary_; }
  Status run(std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted, RunOutputs& out,
             RunControl* control = nullptr) const override;
  Result<std::unique_ptr<RunControl>> make_control() const override;

  // Nothing when the model ran on generated rows at load; else why it did not. Such a model may still be sound: its
  // inputs may have to agree in a way that the signature cannot say.
  const std::optional<Error>& probe_failure() const noexcept { return probe_failure_; }
  // Shortest of a few runs on one generated row; 0 when there was none.
  double probe_run_us() const noexcept { return probe_run_us_; }

 private:
  struct Session;
  OnnxModel();
  Status open(const OnnxSource& source, const OnnxLoadOptions& options, OnnxLoadOptions::Threads threads);
  Status describe();
  void prove();

  std::shared_ptr<const OnnxRuntime> runtime_;
  std::unique_ptr<Session> session_;
  OnnxSummary summary_;
  ModelSignature signature_;
  std::optional<Error> probe_failure_;
  double probe_run_us_ = 0;
};

// Every external file that the summary lists is among `source`, long enough.
Status check_external_files(const OnnxSummary& summary, const OnnxSource& source);

}  // namespace slipway
