#include "serving/loader.h"

#include <algorithm>

#include "base/bytes.h"
#include "runtime/onnx_inspect.h"
#include "runtime/probe_report.h"
#include "serving/class_labels.h"
#include "serving/cost_measure.h"

namespace slipway {
namespace {

constexpr std::uint32_t kCountedRowsMin = 64;     // sizes of runs that are told apart
constexpr std::chrono::seconds kFirstLookMax{2};  // at a remote, before its version is published without it

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

std::uint64_t memory_estimate(const Version& version) {
  const auto report = parse_probe_report(version.probe_report);
  return report ? report->memory_peak_bytes : 0;
}

Loader::Loader(const BundleStore& bundles, std::shared_ptr<const OnnxRuntime> runtime, ServingMetrics& metrics,
               LoaderOptions options, const Remotes* remotes)
    : bundles_(bundles), runtime_(std::move(runtime)), metrics_(metrics), options_(options), remotes_(remotes) {}

Result<ContractBinding> bind_contract(const BundleStore& bundles, const Manifest& manifest, const std::string& name,
                                      const ModelSignature& signature) {
  ContractBinding binding;
  const std::vector<TensorSpec> inputs = input_specs(signature);
  if (manifest.contract) {
    SLIPWAY_TRY(const AlignedBytes text, bundles.load(manifest, *manifest.contract));
    SLIPWAY_TRY(binding.contract, parse_contract(as_text(text.bytes())));
  } else {
    binding.contract = derive_contract(name, inputs);
  }
  SLIPWAY_TRY(BoundContract bound, BoundContract::bind(binding.contract, inputs));
  binding.bound = std::make_shared<const BoundContract>(std::move(bound));
  return binding;
}

Result<std::shared_ptr<const OnnxModel>> Loader::load_model(const Manifest& manifest) const {
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

  return OnnxModel::load(runtime_, source);
}

Result<std::shared_ptr<const RemoteModel>> Loader::load_remote(const Version& version, const Manifest& manifest) const {
  if (remotes_ == nullptr) return fail(Code::kFailedPrecondition, "remote.not_allowed", "no remote may be asked");
  SLIPWAY_TRY(const AlignedBytes text, bundles_.load(manifest, manifest.model));
  SLIPWAY_TRY(const RemoteDescription description, parse_remote_description(as_text(text.bytes())));
  SLIPWAY_TRY(ProbeReport report, parse_probe_report(version.probe_report));
  const auto metadata = report.remote ? Digest::parse(report.remote->metadata_digest) : std::nullopt;
  if (!metadata) return fail(Code::kDataLoss, "probe.bad_report", "the report of the trial does not name a remote");
  SLIPWAY_CHECK(remotes_->check(description.target));
  const Monotonic deadline = std::chrono::steady_clock::now() + kFirstLookMax;
  return std::make_shared<const RemoteModel>(std::move(report.signature), remotes_->open(description.target),
                                             remotes_->watch(description.target, *metadata, deadline), deadline);
}

Result<std::shared_ptr<const ServedVersion>> Loader::load_version(const Version& version,
                                                                  const BatchPolicy& policy) const {
  SLIPWAY_TRY(const Manifest manifest, bundles_.manifest(version.digest));
  auto served = std::make_shared<ServedVersion>();
  if (manifest.runtime == kRemoteRuntime) {
    SLIPWAY_TRY(served->remote, load_remote(version, manifest));
    served->runtime = served->remote;
  } else {
    SLIPWAY_TRY(std::shared_ptr<const OnnxModel> model, load_model(manifest));
    if (!may_outgrow_its_input(model->summary())) {
      served->inline_budget = InlineBudget(model->signature(), model->probe_run_us(), options_.inline_run_max);
    }
    served->cost_curve = measure_cost_curve(*model);
    served->runtime = std::move(model);
  }
  const ModelSignature& signature = served->runtime->signature();
  SLIPWAY_TRY(ContractBinding binding, bind_contract(bundles_, manifest, version.model, signature));
  served->model = version.model;
  served->version = version.semver.to_string();
  served->number_text = std::to_string(version.number);
  served->digest = version.digest;
  served->memory_bytes = memory_estimate(version);
  if (served->memory_bytes == 0) served->memory_bytes = manifest.size_bytes();
  served->labels = class_labels(manifest);
  served->contract = std::move(binding.bound);
  served->metrics = metrics_.for_version(served->model, served->version);
  apply(policy, *served);
  served->statistics = std::make_shared<BatchStatistics>(std::max(kCountedRowsMin, served->batch_plan.rows_max));
  return served;
}

std::shared_ptr<const ServedVersion> Loader::with_policy(const ServedVersion& version,
                                                         const BatchPolicy& policy) const {
  auto served = std::make_shared<ServedVersion>();
  served->model = version.model;
  served->version = version.version;
  served->number_text = version.number_text;
  served->digest = version.digest;
  served->runtime = version.runtime;
  served->remote = version.remote;
  served->contract = version.contract;
  served->inline_budget = version.inline_budget;
  served->cost_curve = version.cost_curve;
  served->statistics = version.statistics;
  served->metrics = version.metrics;
  served->memory_bytes = version.memory_bytes;
  served->labels = version.labels;
  apply(policy, *served);
  return served;
}

void Loader::apply(const BatchPolicy& policy, ServedVersion& version) const {
  version.batch_policy = policy;
  if (version.remote != nullptr) return;  // the remote has its own runners and batches
  version.batch_plan = plan_batches(version.runtime->signature(), version.cost_curve, policy, options_.turn_run_max);
  version.runners = std::make_unique<RunnerPool>(
      RunnerOptions{.threads = policy.instances > 0 ? policy.instances : options_.runner_threads,
                    .queue_max = policy.queue_max > 0 ? policy.queue_max : options_.runner_queue_max,
                    .policy = policy,
                    .plan = version.batch_plan,
                    .curve = version.cost_curve});
}

}  // namespace slipway
