#include "serving/predict.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/json_writer.h"

namespace slipway {
namespace {

Monotonic now() { return std::chrono::steady_clock::now(); }

void write_degradation(const Degradation& degradation, const ServedVersion& asked, std::string& text) {
  JsonWriter json(text);
  json.begin_object().key("source").value(degradation.source).key("reason").value(degradation.reason);
  json.key("asked").value(asked.version).end_object();
}

// Which asynchronous request this was a run of, in front of what the details say already.
void mark_job(std::string_view job, std::string& details) {
  std::string marked;
  JsonWriter(marked).begin_object().key("async").value(job).end_object();
  if (!details.empty()) marked.replace(marked.size() - 1, 1, ',' + details.substr(1));
  details = std::move(marked);
}

tl::unexpected<Error> too_many_requests() {
  return fail(Code::kResourceExhausted, "serving.too_many_requests",
              "the server runs as many predictions as it may; try again shortly");
}

bool has_cache(const GuardedVersion& asked) noexcept { return asked.guard != nullptr && asked.guard->cache; }

}  // namespace

void Prediction::clear() {
  response.outputs.clear();
  wanted.clear();
  response.degraded = {};
  execution.clear();
  degradation.clear();
  cached.reset();
  details.clear();
  response.cache = {};
  version.reset();
}

Predictor::Predictor(const SnapshotCell<ServingSnapshot>& serving, Admission& admission, DeadlineTimer& deadlines,
                     audit::AuditLog& audit, const Secret& commitment_key, PredictionCache& cache, PredictLimits limits)
    : serving_(serving),
      admission_(admission),
      deadlines_(deadlines),
      engine_(deadlines),
      resilience_(engine_, deadlines,
                  [this](std::string_view model, std::string_view version, Monotonic deadline, Executor& executor) {
                    return find(model, version, deadline, executor);
                  }),
      audit_(audit),
      committer_(commitment_key),
      cache_(cache),
      cache_keys_(cache.secret()),
      limits_(limits) {}

Task<Status> Predictor::predict(const PredictCall& call, const InferRequest& request, Prediction& prediction) {
  auto chosen = look_up(request.model, request.version);
  if (chosen && chosen->version == nullptr) {
    chosen =
        co_await find(request.model, request.version, deadline(call, request, limits_.timeout_max), *call.executor);
  }
  if (!chosen) co_return fail(std::move(chosen).error());
  const GuardedVersion asked = *std::move(chosen);
  prediction.version = asked.version;
  prediction.response.id = request.id;

  const auto place = admission_.try_enter();
  if (!place) co_return too_many_requests();
  AdaptiveLimit::Place share;
  if (!has_cache(asked)) {  // what a cache answers takes no place
    auto entered = enter_limit(request, asked);
    if (!entered) co_return fail(std::move(entered).error());
    share = *std::move(entered);
  }

  Status outcome = select_outputs(request, prediction);
  if (outcome) outcome = validate(request, *prediction.version);
  if (outcome && has_cache(asked)) {
    outcome = co_await answer_by_cache(call, request, asked, prediction);
    if (!outcome && outcome.error().reason == "serving.overloaded") co_return outcome;  // as above
  } else if (outcome) {
    outcome = co_await run(call, request, asked, std::move(share), prediction);
  }

  const Code code = outcome ? Code::kOk : outcome.error().code;
  Status recorded = co_await record(call, request, prediction, code);
  if (!recorded) outcome = std::move(recorded);  // an answer that cannot be proved later is not given

  if (outcome && prediction.degradation) co_return outcome;  // counted by the policy: it says nothing of the version
  VersionMetrics& metrics = prediction.version->metrics;
  (outcome ? metrics.success : metrics.failure).add();
  (outcome ? metrics.success_duration : metrics.failure_duration).observe(now() - call.received);
  co_return outcome;
}

Task<Status> Predictor::check(const PredictCall& call, const InferRequest& request, Prediction& prediction) {
  auto found =
      co_await find(request.model, request.version, deadline(call, request, limits_.timeout_max), *call.executor);
  if (!found) co_return fail(std::move(found).error());
  prediction.version = std::move(found->version);
  const auto place = admission_.try_enter();
  if (!place) co_return too_many_requests();
  Status outcome = select_outputs(request, prediction);
  if (outcome) outcome = validate(request, *prediction.version);
  if (outcome) co_return outcome;
  Status recorded = co_await record(call, request, prediction, outcome.error().code);
  VersionMetrics& metrics = prediction.version->metrics;
  metrics.failure.add();
  metrics.failure_duration.observe(now() - call.received);
  if (!recorded) co_return recorded;
  co_return outcome;
}

Result<AdaptiveLimit::Place> Predictor::enter_limit(const InferRequest& request, const GuardedVersion& asked) const {
  if (asked.guard == nullptr) return AdaptiveLimit::Place();
  auto place = asked.guard->state->try_enter(request.priority);
  if (place) return *std::move(place);
  return fail(
      Code::kResourceExhausted, "serving.overloaded",
      "model " + quoted(request.model) + " answers as many requests of this priority as it can; try again shortly");
}

Result<GuardedVersion> Predictor::look_up(std::string_view name, std::string_view version) {
  const auto& models = serving_.read()->models;
  const auto found = models.find(name);
  if (found == models.end()) {
    return fail(Code::kNotFound, "model.not_found",
                "model " + quoted(name) + " is not served; only approved versions are");
  }
  const ServedModel& model = found->second;
  GuardedVersion chosen{version.empty() ? model.current : model.find(version), nullptr};
  if (chosen.version == nullptr && !version.empty() && model.find_dormant(version) == nullptr) {
    return fail(
        Code::kNotFound, "model.version_not_served",
        "version " + quoted(version) + " of model " + quoted(name) + " is not served; only approved versions are");
  }
  if (chosen.version != nullptr && model.state != nullptr) chosen.guard = model.guard_of(*chosen.version);
  return chosen;
}

Task<Result<GuardedVersion>> Predictor::find(std::string_view name, std::string_view version, Monotonic deadline,
                                             Executor& executor) {
  auto chosen = look_up(name, version);
  if (!chosen || chosen->version != nullptr) co_return chosen;
  const auto& snapshot = *serving_.read();
  const DormantVersion* dormant = snapshot.models.find(name)->second.find_dormant(version);
  auto waiting = callback_on<Status>(executor, [loader = snapshot.on_demand, id = dormant->id, deadline](auto resume) {
    loader->load_now(id, deadline, std::move(resume));
  });
  Status loaded = co_await waiting;
  if (!loaded) co_return fail(std::move(loaded).error());
  chosen = look_up(name, version);
  if (chosen && chosen->version == nullptr) {
    co_return fail(Code::kUnavailable, "serving.loading", "model " + quoted(name) + " is being loaded");
  }
  co_return chosen;
}

Result<std::shared_ptr<const ServedVersion>> Predictor::choose(std::string_view name, std::string_view version) {
  SLIPWAY_TRY(GuardedVersion chosen, look_up(name, version));
  return std::move(chosen.version);
}

Task<Result<std::shared_ptr<const ServedVersion>>> Predictor::load_now(std::string_view name, std::string_view version,
                                                                       Monotonic deadline, Executor& executor) {
  auto found = co_await find(name, version, deadline, executor);
  if (!found) co_return fail(std::move(found).error());
  co_return std::move(found->version);
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

std::chrono::microseconds Predictor::time_limit(const GuardedVersion& asked) const {
  const std::chrono::microseconds most = limits_.timeout_max;
  return asked.guard == nullptr ? most : std::min(most, asked.guard->state->policy().timeout.value_or(most));
}

Monotonic Predictor::deadline(const PredictCall& call, const InferRequest& request, std::chrono::microseconds limit) {
  const auto most = static_cast<std::uint64_t>(limit.count());
  return call.received + std::chrono::microseconds(std::min(request.timeout_us.value_or(most), most));
}

Task<Status> Predictor::run(const PredictCall& call, const InferRequest& request, const GuardedVersion& asked,
                            AdaptiveLimit::Place place, Prediction& prediction,
                            std::shared_ptr<const CachedAnswer> stale) {
  InferResponse& response = prediction.response;
  response.model = asked.version->model;
  response.version = asked.version->version;
  const std::chrono::microseconds limit = time_limit(asked);
  const ExecuteCall execute{.executor = call.executor,
                            .deadline = deadline(call, request, limit),
                            .priority = request.priority,
                            .caller = call.principal_id,
                            .cancellation = call.cancellation};
  Status status;
  if (asked.guard == nullptr) {
    status = co_await engine_.execute(execute, asked.version, request.inputs, prediction.wanted, prediction.execution);
  } else {
    const ResilientCall guarded{.execute = execute,
                                .began = call.received,
                                .is_callers_deadline = execute.deadline < call.received + limit,
                                .asked = asked,
                                .inputs = request.inputs,
                                .wanted = prediction.wanted,
                                .stale = std::move(stale)};
    status = co_await resilience_.answer(guarded, std::move(place), prediction.execution, prediction.degradation);
  }
  if (!status) co_return status;
  const Degradation& degradation = prediction.degradation;
  const bool is_made = degradation && !degradation.made.tensors.empty();
  const auto outputs = degradation.kept != nullptr ? degradation.kept->outputs()
                       : is_made                   ? std::span<const TensorView>(degradation.made.tensors)
                                                   : prediction.execution.outputs();
  response.outputs.assign(outputs.begin(), outputs.end());
  response.degraded = degradation.mark;
  if (degradation.version != nullptr) {
    response.model = degradation.version->model;
    response.version = degradation.version->version;
  }
  co_return status;
}

Task<Status> Predictor::record(const PredictCall& call, const InferRequest& request, Prediction& prediction,
                               Code outcome) {
  const ServedVersion& asked = *prediction.version;
  const Degradation& degradation = prediction.degradation;
  const ServedVersion& version = degradation.version != nullptr ? *degradation.version : asked;
  audit::Record record;
  record.time = system_clock().now();
  version.last_use.note(record.time);
  if (degradation) [[unlikely]] {
    asked.last_use.note(record.time);
    record.is_degraded = true;
    write_degradation(degradation, asked, prediction.details);
  }
  if (!call.job.empty()) [[unlikely]]
    mark_job(call.job, prediction.details);
  record.details = prediction.details;
  record.id = call.request_id;
  record.kind = audit::Kind::kPrediction;
  record.outcome = outcome;
  record.latency_us = static_cast<std::uint32_t>(std::min<std::int64_t>(
      UINT32_MAX, std::chrono::duration_cast<std::chrono::microseconds>(now() - call.received).count()));
  record.action = "predict";
  record.principal = call.principal_id;
  record.endpoint = asked.model;
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
