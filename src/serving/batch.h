// Several requests in one run of a model: their inputs brought together with one copy, and to each its rows of the
// outputs, as views.
//
// Requests share a run only when nothing but their number of rows differs: same version, outputs, types and other
// dimensions. A batch that fails is run again request by request, so that what is wrong with one fails no other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/tensor.h"
#include "runtime/loaded_model.h"
#include "serving/batch_statistics.h"
#include "serving/infer.h"

namespace slipway {

struct ServedVersion;

// What must be equal for two requests of a version to share a run: the outputs asked for and all dimensions but the
// rows. (Types are those of the signature.)
using BatchShape = std::vector<std::int64_t>;

// A request as a batch sees it. Reused: keeps its capacity.
struct BatchPart {
  std::span<const TensorView> inputs;     // borrowed
  std::span<const std::uint32_t> wanted;  // borrowed
  std::vector<std::uint32_t> order;       // of the signature's inputs among `inputs`
  BatchShape shape;
  std::uint32_t rows = 0;

  // Of a model with a batch axis, and with any rows: only such a one shares a run.
  bool can_share() const noexcept { return !shape.empty() && rows > 0; }
  // The errors of check_inputs(). A request to a model without a batch axis counts as one row.
  Status describe(const ModelSignature& signature, std::span<const TensorView> request_inputs,
                  std::span<const std::uint32_t> wanted_outputs);
};

// One request's rows of the outputs of a run. Reused: keeps its capacity.
class OutputSlice {
 public:
  // `first_row` and `rows` of the `rows_total` that `outputs` have. Borrows from `outputs` and the signature.
  void cut(const ModelSignature& signature, std::span<const std::uint32_t> wanted, std::span<const TensorView> outputs,
           std::uint32_t first_row, std::uint32_t rows, std::uint32_t rows_total);
  std::span<const TensorView> tensors() const noexcept { return tensors_; }
  void clear() noexcept {
    tensors_.clear();
    shapes_.clear();
  }

 private:
  std::vector<TensorView> tensors_;
  std::vector<std::int64_t> shapes_;
};

// One thread's; reused from batch to batch.
class Batch {
 public:
  using MakeOutputs = std::function<std::shared_ptr<RunOutputs>()>;

  // Copies the inputs: the parts are not touched afterwards. Precondition: at least one part; all can_share() and are
  // of one shape if there are several.
  void gather(const ServedVersion& version, std::span<const BatchPart* const> parts);

  // `is_needed(i)`: does anybody still wait for part i? Asked before parts are run one by one.
  void run(const ServedVersion& version, const MakeOutputs& make_outputs, RunControl* control,
           const std::function<bool(std::size_t)>& is_needed);

  const Status& status(std::size_t part) const noexcept { return results_[part].status; }
  // Precondition: status(part) is a success. `slice` borrows from the outputs that are returned.
  std::shared_ptr<RunOutputs> take(const ServedVersion& version, std::size_t part, OutputSlice& slice) const;
  // After the last take(): counts the run in the metrics of the version. Lets go of the outputs.
  void finish(const ServedVersion& version);

 private:
  struct Result {
    Status status;
    std::shared_ptr<RunOutputs> outputs;
    std::uint32_t first_row = 0;  // within `outputs`
    std::uint32_t rows_total = 0;
  };
  struct Extent {
    std::uint32_t first_row = 0;
    std::uint32_t rows = 0;
  };
  void gather_input(std::size_t input, std::span<const BatchPart* const> parts);
  void run_alone(const ServedVersion& version, std::size_t part, const MakeOutputs& make_outputs, RunControl* control);

  Arena arena_;
  std::vector<std::int64_t> shapes_;
  std::vector<std::vector<std::string_view>> strings_;
  std::vector<TensorView> inputs_;
  std::vector<std::uint32_t> wanted_;
  std::vector<Extent> extents_;  // one for each part
  std::vector<Result> results_;
  std::uint32_t rows_ = 0;
  Monotonic gathering_{}, gathered_{}, running_{}, ran_{};
};

// Counts one run of `rows` rows in the metrics and statistics of the version.
void count_run(const ServedVersion& version, std::uint32_t rows, const RunTimes& times);

}  // namespace slipway
