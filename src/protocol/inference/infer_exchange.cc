#include "protocol/inference/infer_exchange.h"

#include "protocol/inference/cache_use.h"
#include "protocol/inference/decode.h"
#include "protocol/inference/encode.h"
#include "protocol/inference/raw_request.h"
#include "serving/classification.h"

namespace slipway {
namespace {

constexpr std::uint64_t kPriorityOfJobs = 1'000;  // behind every level: whoever waits goes first

PredictCall call_of(const HttpRequest& http) {
  PredictCall call;
  call.principal_id = http.principal->id;
  call.request_id = http.request_id;
  call.trace_id = http.trace.trace_id;
  call.received = http.received;
  call.executor = http.executor;
  return call;
}

Task<Status> decode_raw(Predictor& predictor, HttpRequest& http, InferExchange& exchange) {
  auto found = co_await find_version(predictor, http);
  if (!found) co_return fail(std::move(found).error());
  exchange.signature = *std::move(found);
  Status decoded = decode_raw_infer(http, exchange.signature->runtime->signature(), exchange.request);
  exchange.request.version = exchange.signature->version;
  co_return decoded;
}

}  // namespace

Task<Status> answer_infer(Predictor& predictor, HttpRequest& http, InferExchange& exchange, HttpResponse& response,
                          std::string_view job) {
  InferRequest& infer = exchange.request;
  Prediction& prediction = exchange.prediction;
  Status status;
  if (is_raw_request(http)) [[unlikely]] {
    status = co_await decode_raw(predictor, http, exchange);
  } else {
    status = decode_infer(http, infer);
  }
  if (!status) co_return fail(std::move(status).error());
  infer.cache = cache_use(http);
  PredictCall call = call_of(http);
  call.job = job;
  if (!job.empty() && infer.priority == 0) infer.priority = kPriorityOfJobs;
  status = co_await predictor.predict(call, infer, prediction);
  if (!status) co_return fail(std::move(status).error());
  status = classify(infer, *prediction.version, prediction.response, infer.arena);
  if (!status) co_return fail(std::move(status).error());
  co_return encode_infer(infer, prediction.response, response);
}

Task<Status> check_infer(Predictor& predictor, HttpRequest& http, InferExchange& exchange) {
  Status status;
  if (is_raw_request(http)) [[unlikely]] {
    status = co_await decode_raw(predictor, http, exchange);
  } else {
    status = decode_infer(http, exchange.request);
  }
  if (!status) co_return fail(std::move(status).error());
  co_return co_await predictor.check(call_of(http), exchange.request, exchange.prediction);
}

Task<Result<std::shared_ptr<const ServedVersion>>> find_version(Predictor& predictor, const HttpRequest& http) {
  const std::string_view model = http.parameter("model");
  const std::string_view version = http.parameter("version");
  auto chosen = predictor.choose(model, version);
  if (chosen && *chosen == nullptr) {
    chosen = co_await predictor.load_now(model, version, http.received + kLoadWait, *http.executor);
  }
  co_return chosen;
}

}  // namespace slipway
