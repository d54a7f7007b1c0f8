#include "serving/batch.h"

#include <algorithm>
#include <cstring>

#include "runtime/input_check.h"
#include "serving/served_version.h"

namespace slipway {
namespace {

Monotonic now() { return std::chrono::steady_clock::now(); }

// `rows` of the rows of `whole`, from `first_row`; with `shape` as its shape.
TensorView rows_of(const TensorView& whole, std::uint32_t first_row, std::uint32_t rows, std::uint32_t rows_total,
                   std::span<const std::int64_t> shape) {
  TensorView part = whole;
  part.shape = shape;
  const std::size_t row_bytes = whole.data.size() / rows_total;
  const std::size_t row_strings = whole.strings.size() / rows_total;
  part.data = whole.data.subspan(first_row * row_bytes, rows * row_bytes);
  part.strings = whole.strings.subspan(first_row * row_strings, rows * row_strings);
  return part;
}

}  // namespace

Status BatchPart::describe(const ModelSignature& signature, std::span<const TensorView> request_inputs,
                           std::span<const std::uint32_t> wanted_outputs) {
  inputs = request_inputs;
  wanted = wanted_outputs;
  shape.clear();
  SLIPWAY_CHECK(check_inputs(signature, inputs, order));
  rows = 1;
  if (!signature.is_batchable) return {};
  rows = static_cast<std::uint32_t>(std::min<std::int64_t>(UINT32_MAX, inputs[order.front()].shape.front()));
  shape.push_back(static_cast<std::int64_t>(wanted.size()));
  shape.insert(shape.end(), wanted.begin(), wanted.end());
  for (const std::uint32_t index : order) {
    const auto dimensions = inputs[index].shape.subspan(1);
    shape.push_back(static_cast<std::int64_t>(dimensions.size()));
    shape.insert(shape.end(), dimensions.begin(), dimensions.end());
  }
  return {};
}

void OutputSlice::cut(const ModelSignature& signature, std::span<const std::uint32_t> wanted,
                      std::span<const TensorView> outputs, std::uint32_t first_row, std::uint32_t rows,
                      std::uint32_t rows_total) {
  clear();
  std::size_t dimensions = 0;
  for (const TensorView& output : outputs) dimensions += output.shape.size();
  shapes_.reserve(dimensions);  // views point into it, so it must not move
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const TensorView& output = outputs[i];
    const bool is_batched = signature.outputs[wanted.empty() ? i : wanted[i]].is_batched;
    if (!is_batched || rows == rows_total) {  // not batched: the keys of a map, the same for every row
      tensors_.push_back(output);
      continue;
    }
    const std::size_t first = shapes_.size();
    shapes_.insert(shapes_.end(), output.shape.begin(), output.shape.end());
    shapes_[first] = rows;
    tensors_.push_back(rows_of(output, first_row, rows, rows_total, std::span(shapes_).subspan(first)));
  }
}

void Batch::gather(const ServedVersion& version, std::span<const BatchPart* const> parts) {
  gathering_ = now();
  arena_.clear();
  inputs_.clear();
  extents_.clear();
  results_.assign(parts.size(), {});
  rows_ = 0;
  for (const BatchPart* part : parts) {
    extents_.push_back({rows_, part->rows});
    rows_ += part->rows;
  }
  const BatchPart& first = *parts.front();
  wanted_.assign(first.wanted.begin(), first.wanted.end());
  std::size_t dimensions = 0;
  for (const TensorView& input : first.inputs) dimensions += input.shape.size();
  shapes_.clear();
  shapes_.reserve(dimensions);  // views point into it, so it must not move
  strings_.resize(std::max(strings_.size(), first.order.size()));
  for (std::size_t i = 0; i < first.order.size(); ++i) {
    gather_input(i, parts);
    inputs_.back().name = version.runtime->signature().inputs[i].spec.name;
  }
  gathered_ = now();
}

void Batch::gather_input(std::size_t input, std::span<const BatchPart* const> parts) {
  TensorView whole = parts.front()->inputs[parts.front()->order[input]];
  const std::size_t first_dimension = shapes_.size();
  shapes_.insert(shapes_.end(), whole.shape.begin(), whole.shape.end());
  if (parts.size() > 1) shapes_[first_dimension] = rows_;
  whole.shape = std::span(shapes_).subspan(first_dimension);
  std::size_t bytes = 0;
  for (const BatchPart* part : parts) bytes += part->inputs[part->order[input]].data.size();
  const std::span<std::byte> data = arena_.allocate(bytes);
  std::vector<std::string_view>& strings = strings_[input];
  strings.clear();
  std::size_t at = 0;
  for (const BatchPart* part : parts) {
    const TensorView& piece = part->inputs[part->order[input]];
    if (!piece.data.empty()) std::memcpy(data.data() + at, piece.data.data(), piece.data.size());
    at += piece.data.size();
    std::size_t characters = 0;
    for (const std::string_view text : piece.strings) characters += text.size();
    char* next = reinterpret_cast<char*>(arena_.allocate(characters).data());
    for (const std::string_view text : piece.strings) {
      if (!text.empty()) std::memcpy(next, text.data(), text.size());
      strings.emplace_back(next, text.size());
      next += text.size();
    }
  }
  whole.data = data;
  whole.strings = strings;
  inputs_.push_back(whole);
}

void Batch::run(const ServedVersion& version, const MakeOutputs& make_outputs, RunControl* control,
                const std::function<bool(std::size_t)>& is_needed) {
  std::shared_ptr<RunOutputs> outputs = make_outputs();
  running_ = now();
  const Status status = version.runtime->run(inputs_, wanted_, *outputs, control);
  ran_ = now();
  const bool is_terminated = !status && status.error().code == Code::kDeadlineExceeded;
  if (status || is_terminated || results_.size() == 1) {
    for (std::size_t part = 0; part < results_.size(); ++part) {
      results_[part] = {status, outputs, extents_[part].first_row, rows_};
    }
    return;
  }
  for (std::size_t part = 0; part < results_.size(); ++part) {
    if (is_needed(part)) run_alone(version, part, make_outputs, control);
  }
}

void Batch::run_alone(const ServedVersion& version, std::size_t part, const MakeOutputs& make_outputs,
                      RunControl* control) {
  const Extent extent = extents_[part];
  std::vector<std::vector<std::int64_t>> shapes;
  std::vector<TensorView> inputs;
  for (const TensorView& whole : inputs_) {
    auto& shape = shapes.emplace_back(whole.shape.begin(), whole.shape.end());
    shape.front() = extent.rows;
    inputs.push_back(rows_of(whole, extent.first_row, extent.rows, rows_, shape));
  }
  Result& result = results_[part];
  result.outputs = make_outputs();
  result.rows_total = extent.rows;
  const Monotonic start = now();
  result.status = version.runtime->run(inputs, wanted_, *result.outputs, control);
  count_run(version, extent.rows, {.run = now() - start});
}

std::shared_ptr<RunOutputs> Batch::take(const ServedVersion& version, std::size_t part, OutputSlice& slice) const {
  const Result& result = results_[part];
  slice.cut(version.runtime->signature(), wanted_, result.outputs->tensors(), result.first_row, extents_[part].rows,
            result.rows_total);
  return result.outputs;
}

void Batch::finish(const ServedVersion& version) {
  count_run(version, rows_, {.input = gathered_ - gathering_, .run = ran_ - running_, .output = now() - ran_});
  results_.clear();
  arena_.clear();
}

void count_run(const ServedVersion& version, std::uint32_t rows, const RunTimes& times) {
  VersionMetrics& metrics = version.metrics;
  metrics.rows.add(rows);
  metrics.batch_rows.observe(rows);
  metrics.run_duration.observe(times.run);
  metrics.input_duration.observe(times.input);
  metrics.output_duration.observe(times.output);
  version.statistics->add(rows, times);
}

}  // namespace slipway
