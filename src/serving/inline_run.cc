#include "serving/inline_run.h"

#include <algorithm>
#include <array>

namespace slipway {
namespace {

// What an element of text counts besides its characters: about what moving it costs.
constexpr std::uint64_t kTextBytes = 16;

// Of one row. Variable dimensions count once, as at the trial: where it needed larger ones, a request is taken for
// larger than it is, and at worst goes to a runner in vain.
std::uint64_t row_bytes(const TensorSpec& spec) {
  std::uint64_t elements = 1;
  for (const std::int64_t dimension : spec.shape) {
    if (dimension > 1) elements *= static_cast<std::uint64_t>(dimension);
  }
  return elements * (spec.type == DataType::kBytes ? kTextBytes : element_size(spec.type));
}

}  // namespace

bool may_outgrow_its_input(const OnnxSummary& summary) {
  static constexpr std::array<std::string_view, 12> kGrowing = {
      "Loop",          "Scan",  // repeat
      "CenterCropPad", "ConstantOfShape",
      "Expand",        "OneHot",
      "Pad",           "Range",  // size their output by a value
      "RandomNormal",  "RandomUniform",
      "Resize",        "Tile"};
  return std::any_of(summary.operators.begin(), summary.operators.end(), [](const auto& counted) {
    const std::string_view name = std::string_view(counted.first).substr(0, counted.first.find(':'));  // its overload
    return std::find(kGrowing.begin(), kGrowing.end(), name) != kGrowing.end();
  });
}

InlineBudget::InlineBudget(const ModelSignature& signature, double row_run_us, std::chrono::microseconds longest) {
  if (row_run_us <= 0) return;
  const double rows = static_cast<double>(longest.count()) / row_run_us;
  if (rows < 1) return;
  std::uint64_t bytes = 0;
  for (const ModelTensor& input : signature.inputs) bytes += row_bytes(input.spec);
  bytes_end_ = static_cast<std::uint64_t>(rows * static_cast<double>(bytes)) + 1;
}

std::uint64_t InlineBudget::size_of(std::span<const TensorView> inputs) noexcept {
  std::uint64_t bytes = 0;
  for (const TensorView& input : inputs) {
    bytes += input.data.size() + kTextBytes * input.strings.size();
    for (const std::string_view text : input.strings) bytes += text.size();
  }
  return bytes;
}

}  // namespace slipway
