#include "runtime/batch_proof.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "base/bytes.h"
#include "runtime/probe_input.h"

namespace slipway {
namespace {

// Kernels may add in another order for another number of rows.
bool is_close(double a, double b, double tolerance) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  return std::abs(a - b) <= tolerance * (1 + std::max(std::abs(a), std::abs(b)));
}

template <typename T>
T element(std::span<const std::byte> data, std::size_t index) {
  T value;
  std::memcpy(&value, data.data() + index * sizeof(T), sizeof(T));
  return value;
}

bool is_same_element(DataType type, std::span<const std::byte> a, std::size_t at_a, std::span<const std::byte> b,
                     std::size_t at_b) {
  switch (type) {
    case DataType::kFp32:
      return is_close(element<float>(a, at_a), element<float>(b, at_b), 1e-4);
    case DataType::kFp64:
      return is_close(element<double>(a, at_a), element<double>(b, at_b), 1e-9);
    case DataType::kFp16:
      return is_close(half_to_float(element<std::uint16_t>(a, at_a)), half_to_float(element<std::uint16_t>(b, at_b)),
                      1e-2);
    case DataType::kBf16:
      return is_close(bfloat16_to_float(element<std::uint16_t>(a, at_a)),
                      bfloat16_to_float(element<std::uint16_t>(b, at_b)), 5e-2);
    default:
      break;
  }
  const std::size_t size = element_size(type);
  return std::memcmp(a.data() + at_a * size, b.data() + at_b * size, size) == 0;
}

// Row `row` of `batch` equals the one row of `single`.
bool is_same_row(const TensorView& batch, std::size_t row, const TensorView& single) {
  const bool is_text = batch.type == DataType::kBytes;
  const std::size_t count = is_text ? single.strings.size() : single.data.size() / element_size(single.type);
  const std::size_t start = row * count;
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_same = is_text ? batch.strings[start + i] == single.strings[i]
                                 : is_same_element(batch.type, batch.data, start + i, single.data, i);
    if (!is_same) return false;
  }
  return true;
}

bool has_rows(const TensorView& tensor, std::int64_t rows) {
  return !tensor.shape.empty() && tensor.shape.front() == rows;
}

bool is_map_keys(const ModelSignature& signature, std::size_t output) {
  constexpr std::string_view kSuffix = ".keys";
  const std::string& name = signature.outputs[output].spec.name;
  return name.ends_with(kSuffix) &&
         signature.find_output(std::string_view(name).substr(0, name.size() - kSuffix.size()));
}

// Why the declared shapes already rule a batch axis out; "" if they do not.
std::string declared_objection(const ModelSignature& signature) {
  if (signature.inputs.empty()) return "the model has no inputs";
  const auto objection = [](std::string_view what, const ModelTensor& tensor) -> std::string {
    if (!tensor.has_rank) return {};
    if (tensor.spec.shape.empty()) return std::string(what) + quoted(tensor.spec.name) + " is a scalar";
    if (tensor.spec.shape.front() >= 0)
      return std::string(what) + quoted(tensor.spec.name) + " has a fixed first dimension";
    return {};
  };
  for (const ModelTensor& input : signature.inputs) {
    if (!input.has_rank) return "input " + quoted(input.spec.name) + " has no declared rank";
    if (std::string found = objection("input ", input); !found.empty()) return found;
  }
  for (std::size_t i = 0; i < signature.outputs.size(); ++i) {
    if (is_map_keys(signature, i)) continue;
    if (std::string found = objection("output ", signature.outputs[i]); !found.empty()) return found;
  }
  return {};
}

struct Run {
  RunOutputs outputs;
  double us = 0;
};

Result<Run> run_rows(const LoadedModel& model, const ProbeRows& rows) {
  const std::vector<ProbeInput> inputs = make_probe_inputs(model.signature(), rows);
  const std::vector<TensorView> views = probe_views(inputs);
  Run run;
  const auto start = std::chrono::steady_clock::now();
  SLIPWAY_CHECK(model.run(views, {}, run.outputs));
  run.us = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  return run;
}

// The two rows together against each alone.
std::string compare(const ModelSignature& signature, const Run& zero, const Run& one, const Run& both,
                    std::vector<bool>& batched) {
  for (std::size_t i = 0; i < signature.outputs.size(); ++i) {
    if (is_map_keys(signature, i)) continue;
    const TensorView& a = zero.outputs.tensors()[i];
    const TensorView& b = one.outputs.tensors()[i];
    const TensorView& ab = both.outputs.tensors()[i];
    const std::string name = "output " + quoted(signature.outputs[i].spec.name);
    if (!has_rows(a, 1) || !has_rows(b, 1) || !has_rows(ab, 2))
      return name + " does not have one row for each row of input";
    if (!std::ranges::equal(a.shape.subspan(1), ab.shape.subspan(1)) ||
        !std::ranges::equal(b.shape.subspan(1), ab.shape.subspan(1))) {
      return name + " changes its other dimensions with the number of rows";
    }
    if (!is_same_row(ab, 0, a) || !is_same_row(ab, 1, b)) return name + " of a row depends on the rows beside it";
    batched[i] = true;
  }
  return {};
}

}  // namespace

BatchProof prove_batch_axis(const LoadedModel& model) {
  BatchProof proof;
  proof.batched_outputs.assign(model.signature().outputs.size(), false);
  ProbeRows rows{.batch = {false}, .other_dimension = 1};
  Result<Run> zero = fail(Code::kInternal, "", "");
  for (const std::int64_t size : kProbeSizes) {
    rows.other_dimension = size;
    zero = run_rows(model, rows);
    if (zero || zero.error().code == Code::kResourceExhausted) break;
    if (!proof.failure) proof.failure = zero.error();
  }
  if (!zero) {
    if (zero.error().code == Code::kResourceExhausted) proof.failure = zero.error();
    proof.objection = "the model does not run on generated inputs";
    return proof;
  }
  proof.failure.reset();
  for (const TensorView& tensor : zero->outputs.tensors())
    proof.shapes.emplace_back(tensor.shape.begin(), tensor.shape.end());

  proof.run_us = zero->us;
  for (int i = 0; i < 5 && proof.run_us < 100'000; ++i) {
    const Result<Run> again = run_rows(model, rows);
    if (again) proof.run_us = std::min(proof.run_us, again->us);
  }
  proof.objection = declared_objection(model.signature());
  if (!proof.objection.empty()) return proof;

  rows.batch = {true};
  const Result<Run> one = run_rows(model, rows);
  rows.batch = {false, true};
  const Result<Run> both = run_rows(model, rows);
  if (!one || !both) {
    proof.objection = "two rows do not run: " + (one ? both.error().message : one.error().message);
    return proof;
  }
  proof.objection = compare(model.signature(), *zero, *one, *both, proof.batched_outputs);
  proof.is_proved = proof.objection.empty();
  return proof;
}

ModelSignature with_proof(ModelSignature signature, const BatchProof& proof) {
  signature.is_batchable = proof.is_proved;
  for (ModelTensor& input : signature.inputs) input.is_batched = proof.is_proved;
  for (std::size_t i = 0; i < signature.outputs.size(); ++i) {
    ModelTensor& output = signature.outputs[i];
    output.is_batched = proof.is_proved && proof.batched_outputs[i];
    if (output.has_rank || proof.failure) continue;
    output.spec.shape.assign(proof.shapes[i].size(), -1);
    output.has_rank = true;
  }
  return signature;
}

}  // namespace slipway
