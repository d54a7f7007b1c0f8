#include "serving/loader.h"

#include <algorithm>

#include "base/bytes.h"
#include "runtime/onnx_inspect.h"

namespace slipway {
namespace {

// The path in the bundle of a file that the model names relative to itself.
std::string beside(const std::string& model_path, const std::string& name) {
  const auto slash = model_path.rfind('/');
  return slash == std::string::npos ? name : model_path.substr(0, slash + 1) + name;
}

std::vector<TensorSpec> input_specs(const ModelSignature& signature) {
  std::vector<TensorSpec> specs;
  for (const ModelTensor& input : signature.inputs) specs.push_back(input.spec);
  return specs;
}

}  // namespace

bool may_repeat_by_input(const OnnxSummary& summary) {
  return std::any_of(summary.operators.begin(), summary.operators.end(), [](const auto& counted) {
    const std::string_view name = std::string_view(counted.first).substr(0, counted.first.find(':'));  // its overload
    return name == "Loop" || name == "Scan";
  });
}

Loader::Loader(const BundleStore& bundles, std::shared_ptr<const OnnxRuntime> runtime, ServingMetrics& metrics,
               LoaderOptions options)
    : bundles_(bundles), runtime_(std::move(runtime)), metrics_(metrics), options_(options) {}

Result<LoadedBundle> Loader::load_bundle(const Manifest& manifest, const std::string& name) const {
  SLIPWAY_TRY(const AlignedBytes bytes, bundles_.load(manifest, manifest.model));
  SLIPWAY_TRY(const OnnxSummary summary, inspect_onnx(bytes.bytes()));
  OnnxSource source;
  source.model = bytes.bytes();
  std::vector<AlignedBytes> external;
  external.reserve(summary.external_files.size());
  for (const OnnxExternalFile& file : summary.external_files) {
    SLIPWAY_TRY(AlignedBytes weights, bundles_.load(manifest, beside(manifest.model, file.name)));
    external.push_back(std::move(weights));
    source.external.push_back({file.name, external.back().bytes()});
  }

  LoadedBundle loaded;
  SLIPWAY_TRY(loaded.model, OnnxModel::load(runtime_, source));
  const std::vector<TensorSpec> inputs = input_specs(loaded.model->signature());
  if (manifest.contract) {
    SLIPWAY_TRY(const AlignedBytes text, bundles_.load(manifest, *manifest.contract));
    SLIPWAY_TRY(loaded.contract, parse_contract(as_text(text.bytes())));
  } else {
    loaded.contract = derive_contract(name, inputs);
  }
  SLIPWAY_TRY(BoundContract bound, BoundContract::bind(loaded.contract, inputs));
  loaded.bound = std::make_shared<const BoundContract>(std::move(bound));
  return loaded;
}

Result<std::shared_ptr<const ServedVersion>> Loader::load_version(const Version& version) const {
  SLIPWAY_TRY(const Manifest manifest, bundles_.manifest(version.digest));
  SLIPWAY_TRY(LoadedBundle bundle, load_bundle(manifest, version.model));
  auto served = std::make_shared<ServedVersion>();
  served->model = version.model;
  served->version = version.semver.to_string();
  served->number_text = std::to_string(version.number);
  served->digest = version.digest;
  const double run_us = bundle.model->probe_run_us();
  const bool is_quick = run_us > 0 && run_us <= static_cast<double>(options_.inline_run_max.count());  // 0: not known
  if (!is_quick || may_repeat_by_input(bundle.model->summary())) {
    served->runners = std::make_unique<RunnerPool>(options_.runner_threads, options_.runner_queue_max);
  }
  served->runtime = std::move(bundle.model);
  served->contract = std::move(bundle.bound);
  served->metrics = metrics_.for_version(served->model, served->version);
  return served;
}

}  // namespace slipway
