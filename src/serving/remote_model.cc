#include "serving/remote_model.h"

#include <future>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "runtime/batch_proof.h"
#include "runtime/input_check.h"

namespace slipway {
namespace {

// A run that waits for another server ends at its deadline and not before.
class NoControl final : public RunControl {
 public:
  void terminate() noexcept override {}
  void rearm() noexcept override {}
};

void write_tensors(JsonWriter& json, std::string_view key, const std::vector<TensorSpec>& tensors) {
  json.key(key).begin_array();
  for (const TensorSpec& tensor : tensors) {
    json.begin_object().key("name").value(tensor.name).key("datatype").value(to_string(tensor.type));
    json.key("shape").begin_array();
    for (const std::int64_t dimension : tensor.shape) json.value(dimension);
    json.end_array().end_object();
  }
  json.end_array();
}

std::string spec_text(const TensorSpec& spec) {
  return quoted(spec.name) + " " + std::string(to_string(spec.type)) + " " + shape_text(spec.shape);
}

// Of one list: what is declared, checked against what the remote says, if anything.
Result<std::vector<ModelTensor>> merge(const std::vector<TensorSpec>& declared, const std::vector<TensorSpec>& said,
                                       std::string_view what) {
  const std::vector<TensorSpec>& chosen = declared.empty() ? said : declared;
  if (chosen.empty()) {
    return fail(Code::kInvalidArgument, "remote.no_signature",
                "the remote does not say which " + std::string(what) + " the model has; list them under \"" +
                    std::string(what) + "\" in the description, each with name, datatype and shape");
  }
  for (const TensorSpec& spec : said) {
    const auto found = std::find_if(chosen.begin(), chosen.end(),
                                    [&](const TensorSpec& candidate) { return candidate.name == spec.name; });
    if (found != chosen.end() && *found == spec) continue;
    return fail(Code::kInvalidArgument, "remote.signature",
                "the description and the remote differ over the " + std::string(what) + ": the remote has " +
                    spec_text(spec) + ", the description " + (found == chosen.end() ? "has none" : spec_text(*found)));
  }
  if (!said.empty() && said.size() != chosen.size()) {
    return fail(Code::kInvalidArgument, "remote.signature",
                "the description lists " + std::to_string(chosen.size()) + " " + std::string(what) +
                    ", the remote has " + std::to_string(said.size()));
  }
  std::vector<ModelTensor> tensors;
  for (const TensorSpec& spec : chosen) tensors.push_back({.spec = spec, .has_rank = true, .is_batched = false});
  return tensors;
}

std::vector<std::string> warnings_of(const RemoteDescription& description, const RemoteModelMetadata& metadata) {
  std::vector<std::string> warnings;
  warnings.emplace_back(
      "the digest is of the description: what the remote runs can change under it, and only its metadata is watched");
  if (description.target.version.empty()) {
    warnings.emplace_back("the description names no version: the remote decides which one answers");
  }
  if (metadata.inputs.empty() || metadata.outputs.empty()) {
    warnings.emplace_back("the remote does not describe the model's tensors: a change of them is found by its answers");
  }
  return warnings;
}

}  // namespace

Digest metadata_digest(const RemoteModelMetadata& metadata) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("platform").value(metadata.platform);
  write_tensors(json, "inputs", metadata.inputs);
  write_tensors(json, "outputs", metadata.outputs);
  json.end_object();
  return sha256(std::string_view(text));
}

RemoteModel::RemoteModel(ModelSignature signature, std::shared_ptr<const RemoteEndpoint> endpoint,
                         std::shared_ptr<const RemoteWatch> watch, Monotonic run_deadline)
    : signature_(std::move(signature)),
      endpoint_(std::move(endpoint)),
      watch_(std::move(watch)),
      run_deadline_(run_deadline) {}

Task<Status> RemoteModel::forward(Executor& executor, Monotonic deadline, std::span<const TensorView> inputs,
                                  std::span<const std::uint32_t> wanted, RunOutputs& out) const {
  thread_local std::vector<std::uint32_t> order;
  Status ready = check_inputs(signature_, inputs, order);
  if (ready && watch_ != nullptr) ready = watch_->usability();
  if (!ready) co_return ready;
  const RemoteCall call{
      .executor = &executor, .deadline = deadline, .inputs = inputs, .signature = &signature_, .wanted = wanted};
  co_return co_await endpoint_->infer(call, out);
}

Status RemoteModel::run(std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted, RunOutputs& out,
                        RunControl*) const {
  InPlaceExecutor executor;
  const auto answered = std::make_shared<std::promise<Status>>();  // whoever answers may still hold it afterwards
  start(forward(executor, run_deadline_, inputs, wanted, out),
        [answered](Status status) { answered->set_value(std::move(status)); });
  return answered->get_future().get();
}

Result<std::unique_ptr<RunControl>> RemoteModel::make_control() const { return std::make_unique<NoControl>(); }

Result<ModelSignature> remote_signature(const RemoteDescription& description, const RemoteModelMetadata& metadata) {
  ModelSignature signature;
  SLIPWAY_TRY(signature.inputs, merge(description.inputs, metadata.inputs, "inputs"));
  SLIPWAY_TRY(signature.outputs, merge(description.outputs, metadata.outputs, "outputs"));
  return signature;
}

Result<RemoteTrial> try_remote(const Remotes& remotes, const RemoteDescription& description, Monotonic deadline) {
  const RemoteTarget& target = description.target;
  SLIPWAY_TRY(const RemoteMetadata metadata, remotes.describe(target, deadline));
  SLIPWAY_TRY(ModelSignature signature, remote_signature(description, metadata.model));
  const std::shared_ptr<const RemoteEndpoint> endpoint = remotes.open(target);
  const BatchProof proof = prove_batch_axis(RemoteModel(signature, endpoint, nullptr, deadline));
  if (proof.failure && proof.failure->reason.starts_with("remote.") && proof.failure->reason != "remote.status") {
    return fail(*proof.failure);
  }
  RemoteTrial trial;
  ProbeReport& report = trial.report;
  report.signature = with_proof(std::move(signature), proof);
  if (proof.failure) report.run_failure = proof.failure->message;
  report.run_us = proof.run_us;
  report.warnings = warnings_of(description, metadata.model);
  const RemoteServerMetadata& server = metadata.server;
  report.remote = RemoteFacts{.url = target.url,
                              .model = target.model,
                              .version = target.version,
                              .server = server.name + (server.version.empty() ? "" : " " + server.version),
                              .platform = metadata.model.platform,
                              .metadata_digest = metadata_digest(metadata.model).hex(),
                              .has_binary_tensors = server.has_binary_tensors()};
  trial.model = std::make_shared<const RemoteModel>(report.signature, endpoint, nullptr, deadline);
  return trial;
}

}  // namespace slipway
