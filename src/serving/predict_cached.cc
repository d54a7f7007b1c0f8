// The steps of a prediction on an endpoint whose policy has a cache. What is asked has been authorised and has passed
// the contract by then, so a kept answer is given to nobody who would not have got one from the model.
#include <utility>

#include "base/json_writer.h"
#include "serving/cache_freshness.h"
#include "serving/kept_tensors.h"
#include "serving/predict.h"

namespace slipway {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

Monotonic now() { return std::chrono::steady_clock::now(); }

const CachePolicy& policy_of(const GuardedVersion& asked) noexcept { return *asked.guard->state->policy().cache; }

CacheKey key_of(CacheKeyMaker& keys, const GuardedVersion& asked, std::span<const std::uint32_t> wanted,
                std::span<const TensorView> inputs) {
  const ServedVersion& version = *asked.version;
  return keys.make({.endpoint = version.model,
                    .version = version.digest,
                    .outputs = static_cast<std::uint32_t>(version.runtime->signature().outputs.size()),
                    .wanted = wanted},
                   inputs);
}

}  // namespace

// A run whose answer nobody waits for. Owns what a caller's request lends.
struct Predictor::Refresh {
  Executor& executor;
  Admission::Place admission;
  AdaptiveLimit::Place place;
  GuardedVersion asked;
  CacheKey key;
  SingleFlight::Lead lead;
  Monotonic began;
  Monotonic deadline;
  std::uint64_t priority = 0;
  std::string caller;
  KeptTensors inputs;
  std::vector<std::uint32_t> wanted;
  Execution execution;
};

Task<Status> Predictor::answer_by_cache(const PredictCall& call, const InferRequest& request,
                                        const GuardedVersion& asked, Prediction& prediction) {
  VersionCache& counted = *asked.guard->cache;
  const CachePolicy& policy = policy_of(asked);
  if (request.cache == CacheUse::kNone || !cache_.has(policy.backend)) {
    prediction.response.cache = "bypass";
    counted.metrics.bypasses.add();
    auto place = enter_limit(request, asked);
    if (!place) co_return fail(std::move(place).error());
    co_return co_await run(call, request, asked, *std::move(place), prediction);
  }

  const Monotonic start = now();
  const CacheKey key = key_of(cache_keys_, asked, prediction.wanted, request.inputs);
  std::shared_ptr<const CachedAnswer> found;
  if (request.cache == CacheUse::kAll && policy.backend == CachePolicy::Backend::kMemory) {
    found = cache_.memory().find(key);
  } else if (request.cache == CacheUse::kAll) {
    found = co_await cache_.redis()->find(key, *call.executor);
  }
  const Freshness is = found ? freshness(policy, key, found->made(), system_clock().now()) : Freshness::kExpired;
  if (is == Freshness::kFresh || is == Freshness::kRefresh) {
    const bool is_fresh = is == Freshness::kFresh;
    (is_fresh ? counted.metrics.hits : counted.metrics.stale).add();
    if (!is_fresh) begin_refresh(call, request, asked, key, prediction);
    counted.note(found->run(), now() - start);
    give(std::move(found), is_fresh ? "hit" : "stale", asked, prediction);
    co_return Status();
  }
  const nanoseconds spent = now() - start;
  if (is == Freshness::kExpired) found = nullptr;

  auto lead = cache_.flights().try_lead(key);
  if (!lead && request.cache == CacheUse::kAll) {
    const Monotonic limit = deadline(call, request, time_limit(asked));
    auto arrival = co_await cache_.flights().wait(key, limit, deadlines_, *call.executor);
    if (arrival.is_late) {
      co_return fail(Code::kDeadlineExceeded, "serving.deadline",
                     "model '" + asked.version->model + "' did not answer within the time limit");
    }
    if (arrival.answer != nullptr) {
      counted.metrics.joined.add();
      counted.note(arrival.answer->run(), spent);
      give(std::move(arrival.answer), "hit", asked, prediction);
      co_return Status();
    }
  }
  prediction.response.cache = request.cache == CacheUse::kAll ? "miss" : "bypass";
  (request.cache == CacheUse::kAll ? counted.metrics.misses : counted.metrics.bypasses).add();
  auto place = enter_limit(request, asked);
  if (!place) co_return fail(std::move(place).error());
  const Monotonic run_start = now();
  Status status = co_await run(call, request, asked, *std::move(place), prediction, std::move(found));
  const Monotonic run_end = now();
  std::shared_ptr<const CachedAnswer> kept;
  if (status && !prediction.degradation) {
    kept = keep(policy, key, prediction.response.outputs, run_end - run_start);
  }
  if (lead) lead->land(kept);
  if (prediction.degradation.kept != nullptr) prediction.response.cache = "stale";
  counted.note(nanoseconds(0), spent + (now() - run_end));
  co_return status;
}

void Predictor::give(std::shared_ptr<const CachedAnswer> answer, std::string_view how, const GuardedVersion& asked,
                     Prediction& prediction) {
  const auto age = std::chrono::duration_cast<milliseconds>(system_clock().now() - answer->made());
  JsonWriter(prediction.details).begin_object().key("cache").value(how).key("age_ms").value(age.count()).end_object();
  prediction.cached = std::move(answer);
  InferResponse& response = prediction.response;
  response.model = asked.version->model;
  response.version = asked.version->version;
  response.cache = how;
  const auto outputs = prediction.cached->outputs();
  response.outputs.assign(outputs.begin(), outputs.end());
}

std::shared_ptr<const CachedAnswer> Predictor::keep(const CachePolicy& policy, const CacheKey& key,
                                                    std::span<const TensorView> outputs, nanoseconds run) {
  auto answer = CachedAnswer::make(outputs, system_clock().now(), run);
  if (answer->bytes().size() > kCachedBytesMax) return answer;  // those who wait may have it
  if (policy.backend == CachePolicy::Backend::kMemory) {
    cache_.memory().put(key, answer);
  } else {
    cache_.redis()->put(key, *answer, std::chrono::duration_cast<milliseconds>(kept_for(policy)));
  }
  return answer;
}

// Not where the endpoint is at its limit, nor where somebody makes a new answer already.
void Predictor::begin_refresh(const PredictCall& call, const InferRequest& request, const GuardedVersion& asked,
                              const CacheKey& key, const Prediction& prediction) {
  auto admission = admission_.try_enter();
  if (!admission) return;
  auto lead = cache_.flights().try_lead(key);
  if (!lead) return;
  auto place = enter_limit(request, asked);
  if (!place) return;
  const Monotonic began = now();
  std::unique_ptr<Refresh> work(new Refresh{.executor = *call.executor,
                                            .admission = std::move(admission),
                                            .place = *std::move(place),
                                            .asked = asked,
                                            .key = key,
                                            .lead = *std::move(lead),
                                            .began = began,
                                            .deadline = began + time_limit(asked),
                                            .priority = request.priority,
                                            .caller = std::string(call.principal_id),
                                            .inputs = KeptTensors(request.inputs),
                                            .wanted = prediction.wanted,
                                            .execution = {}});
  slipway::start(refresh(std::move(work)), [](const Status&) {});
}

Task<Status> Predictor::refresh(std::unique_ptr<Refresh> work) {
  Refresh& own = *work;
  const ResilientCall call{
      .execute = {.executor = &own.executor, .deadline = own.deadline, .priority = own.priority, .caller = own.caller},
      .began = own.began,
      .is_callers_deadline = false,
      .asked = own.asked,
      .inputs = own.inputs.views(),
      .wanted = own.wanted,
      .stale = nullptr};
  Status status = co_await resilience_.answer_itself(call, std::move(own.place), own.execution);
  if (status) own.lead.land(keep(policy_of(own.asked), own.key, own.execution.outputs(), now() - own.began));
  co_return status;
}

}  // namespace slipway
