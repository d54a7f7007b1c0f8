#include "serving/predict.h"

#include <algorithm>
#include <atomic>

#include "serving/commitment.h"

namespace slipway {
namespace {

double seconds_since(Monotonic start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void Prediction::clear() {
  version.reset();
  outputs.clear();
  pooled.reset();
  response.outputs.clear();
  contract_report.clear();
}

Predictor::Predictor(const SnapshotCell<ServingSnapshot>& serving, Admission& admission, DeadlineTimer& deadlines,
                     AuditLog& audit, const Secret& commitment_key, PredictLimits limits)
    : serving_(serving),
      admission_(admission),
      deadlines_(deadlines),
      audit_(audit),
      commitment_key_(commitment_key),
      limits_(limits) {}

Task<Status> Predictor::predict(const PredictCall& call, const InferRequest& request, Prediction& prediction) {
  auto chosen = choose(request);
  if (!chosen) co_return fail(std::move(chosen).error());
  prediction.version = *std::move(chosen);

  const auto place = admission_.try_enter();
  if (!place) {
    co_return fail(Code::kResourceExhausted, "serving.too_many_requests",
                   "the server already runs as many predictions as it may; try again shortly");
  }

  Status outcome = prediction.version->contract->enforce(request.inputs, prediction.contract_report);
  if (outcome) outcome = co_await run(call, request, prediction);

  const Status recorded = co_await record(call, request, prediction, outcome);
  if (!recorded) co_return recorded;
  co_return outcome;
}

Result<std::shared_ptr<const ServedVersion>> Predictor::choose(const InferRequest& request) {
  const auto& models = serving_.read()->models;
  const auto model = models.find(request.model);
  if (model == models.end()) {
    return fail(Code::kNotFound, "model.not_found",
                "no model " + quoted(request.model) + " is served; `slipway model list` shows what is");
  }
  if (request.version.empty()) return model->second.current;
  auto version = model->second.find(request.version);
  if (version == nullptr) {
    return fail(Code::kNotFound, "model.version_not_served",
                "version " + quoted(request.version) + " of model " + quoted(request.model) + " is not served");
  }
  return version;
}

Monotonic Predictor::deadline(const PredictCall& call, const InferRequest& request) const {
  const auto asked = std::chrono::microseconds(request.timeout_us.value_or(UINT64_MAX / 2'000));
  return call.received + std::min<std::chrono::microseconds>(asked, limits_.timeout_max);
}

Task<Status> Predictor::run(const PredictCall& call, const InferRequest& request, Prediction& prediction) {
  const ServedVersion& version = *prediction.version;
  if (version.runners != nullptr) co_return co_await run_on_runner(call, request, prediction);

  const auto start = std::chrono::steady_clock::now();
  Status outcome = version.runtime->run(request.inputs, prediction.wanted, prediction.outputs);
  version.metrics.run_seconds.observe(seconds_since(start));
  if (outcome) prediction.set_response(prediction.outputs);
  co_return outcome;
}

}  // namespace slipway
