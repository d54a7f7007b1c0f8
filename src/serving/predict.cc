#include "serving/predict.h"

#include <algorithm>

#include "base/bytes.h"

namespace slipway {
namespace {

Monotonic now() { return std::chrono::steady_clock::now(); }

}  // namespace

void Prediction::clear() {
  response.outputs.clear();
  wanted.clear();
  execution.clear();
  version.reset();
}

Predictor::Predictor(const SnapshotCell<ServingSnapshot>& serving, Admission& admission, DeadlineTimer& deadlines,
                     audit::AuditLog& audit, const Secret& commitment_key, PredictLimits limits)
    : serving_(serving),
      admission_(admission),
      engine_(deadlines),
      audit_(audit),
      committer_(commitment_key),
      limits_(limits) {}

Task<Status> Predictor::predict(const PredictCall& call, const InferRequest& request, Prediction& prediction) {
  auto chosen = choose(request.model, request.version);
  if (chosen && *chosen == nullptr) {
    chosen = co_await load_now(request.model, request.version, deadline(call, request), *call.executor);
  }
  if (!chosen) co_return fail(std::move(chosen).error());
  prediction.version = *std::move(chosen);

  const auto place = admission_.try_enter();
  if (!place) {
    co_return fail(Code::kResourceExhausted, "serving.too_many_requests",
                   "the server runs as many predictions as it may; try again shortly");
  }

  Status outcome = select_outputs(request, prediction);
  if (outcome) outcome = validate(request, *prediction.version);
  if (outcome) outcome = co_await run(call, request, prediction);

  const Code code = outcome ? Code::kOk : outcome.error().code;
  Status recorded = co_await record(call, request, prediction, code);
  if (!recorded) outcome = std::move(recorded);  // an answer that cannot be proved later is not given

  VersionMetrics& metrics = prediction.version->metrics;
  (outcome ? metrics.success : metrics.failure).add();
  (outcome ? metrics.success_duration : metrics.failure_duration).observe(now() - call.received);
  co_return outcome;
}

Result<std::shared_ptr<const ServedVersion>> Predictor::choose(std::string_view name, std::string_view version) {
  const auto& models = serving_.read()->models;
  const auto model = models.find(name);
  if (model == models.end()) {
    return fail(Code::kNotFound, "model.not_found",
                "model " + quoted(name) + " is not served; only approved versions are");
  }
  if (version.empty()) return model->second.current;
  auto found = model->second.find(version);
  if (found == nullptr && model->second.find_dormant(version) == nullptr) {
    return fail(
        Code::kNotFound, "model.version_not_served",
        "version " + quoted(version) + " of model " + quoted(name) + " is not served; only approved versions are");
  }
  return found;
}

Task<Result<std::shared_ptr<const ServedVersion>>> Predictor::load_now(std::string_view name, std::string_view version,
                                                                       Monotonic deadline, Executor& executor) {
  const auto& snapshot = *serving_.read();
  const auto model = snapshot.models.find(name);
  const DormantVersion* dormant = model == snapshot.models.end() ? nullptr : model->second.find_dormant(version);
  if (dormant == nullptr) co_return choose(name, version);
  auto waiting = callback_on<Status>(executor, [loader = snapshot.on_demand, id = dormant->id, deadline](auto resume) {
    loader->load_now(id, deadline, std::move(resume));
  });
  Status loaded = co_await waiting;
  if (!loaded) co_return fail(std::move(loaded).error());
  auto chosen = choose(name, version);
  if (chosen && *chosen == nullptr) {
    co_return fail(Code::kUnavailable, "serving.loading", "model " + quoted(name) + " is being loaded");
  }
  co_return chosen;
}

Status Predictor::select_outputs(const InferRequest& request, Prediction& prediction) const {
  const ModelSignature& signature = prediction.version->runtime->signature();
  for (const RequestedOutput& output : request.outputs) {
    const auto index = signature.find_output(output.name);
    if (!index) {
      std::string names;
      for (const ModelTensor& declared : signature.outputs) names += (names.empty() ? "" : ", ") + declared.spec.name;
      return fail(Code::kInvalidArgument, "request.unknown_output",
                  "output " + quoted(output.name) + " does not exist; the model has " + names);
    }
    prediction.wanted.push_back(*index);
  }
  return {};
}

Status Predictor::validate(const InferRequest& request, const ServedVersion& version) {
  auto checked = version.contract->enforce(request.inputs);
  if (!checked) {
    if (checked.error().reason == "contract.violation") version.metrics.violations.add();
    return fail(std::move(checked).error());
  }
  if (checked->total > 0) version.metrics.warnings.add();
  return {};
}

Monotonic Predictor::deadline(const PredictCall& call, const InferRequest& request) const {
  const auto limit = std::chrono::duration_cast<std::chrono::microseconds>(limits_.timeout_max);
  const auto asked = static_cast<std::uint64_t>(limit.count());
  return call.received + std::chrono::microseconds(std::min(request.timeout_us.value_or(asked), asked));
}

Task<Status> Predictor::run(const PredictCall& call, const InferRequest& request, Prediction& prediction) {
  const ServedVersion& version = *prediction.version;
  prediction.response.model = version.model;
  prediction.response.version = version.version;
  prediction.response.id = request.id;
  const ExecuteCall execute{.executor = call.executor,
                            .deadline = deadline(call, request),
                            .priority = request.priority,
                            .caller = call.principal_id};
  Status status =
      co_await engine_.execute(execute, prediction.version, request.inputs, prediction.wanted, prediction.execution);
  const auto outputs = prediction.execution.outputs();
  if (status) prediction.response.outputs.assign(outputs.begin(), outputs.end());
  co_return status;
}

Task<Status> Predictor::record(const PredictCall& call, const InferRequest& request, const Prediction& prediction,
                               Code outcome) {
  const ServedVersion& version = *prediction.version;
  audit::Record record;
  record.time = system_clock().now();
  version.last_use.note(record.time);
  record.id = call.request_id;
  record.kind = audit::Kind::kPrediction;
  record.outcome = outcome;
  record.latency_us = static_cast<std::uint32_t>(std::min<std::int64_t>(
      UINT32_MAX, std::chrono::duration_cast<std::chrono::microseconds>(now() - call.received).count()));
  record.action = "predict";
  record.principal = call.principal_id;
  record.endpoint = version.model;
  record.model = version.model;
  record.version = version.version;
  record.arm = "champion";
  record.bundle = version.digest;
  record.trace = call.trace_id;
  const Digest salt = committer_.salt(call.request_id);
  record.input_commitment = committer_.commit(salt, CommitmentSide::kInput, request.inputs);
  if (outcome == Code::kOk) {
    record.output_commitment = committer_.commit(salt, CommitmentSide::kOutput, prediction.response.outputs);
  }
  if (!limits_.is_audit_strict) co_return audit_.append_relaxed(record);

  auto waiting = callback_on<Result<std::uint64_t>>(
      *call.executor, [this, &record](auto resume) { audit_.append_strict(record, std::move(resume)); });
  auto committed = co_await waiting;
  if (!committed) co_return fail(std::move(committed).error());
  co_return Status();
}

}  // namespace slipway
