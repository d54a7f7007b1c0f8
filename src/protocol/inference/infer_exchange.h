// One infer request over REST, from its bytes to the bytes of its answer.
#pragma once

#include <memory>
#include <string_view>

#include "base/task.h"
#include "protocol/http.h"
#include "serving/predict.h"

namespace slipway {

// How long a request waits for a version that is loaded when it is first asked.
constexpr std::chrono::seconds kLoadWait{30};

// What one request in flight needs; kept for the next one of its thread.
struct InferExchange {
  InferRequest request;
  Prediction prediction;
  std::shared_ptr<const ServedVersion> signature;  // of a raw request: its views point into it

  void clear() {
    prediction.clear();
    request.clear();
    signature.reset();
  }
};

// The errors of decode_infer() and decode_raw_infer(), of Predictor::predict(), classify() and encode_infer(). `job`:
// the asynchronous request that this is a run of; "" where the caller waits.
Task<Status> answer_infer(Predictor& predictor, HttpRequest& http, InferExchange& exchange, HttpResponse& response,
                          std::string_view job = {});

// Would it be run? exchange.prediction.version then runs it. The errors of the above that need no run.
Task<Status> check_infer(Predictor& predictor, HttpRequest& http, InferExchange& exchange);

// The version that answers, loaded where it waits for its first request.
Task<Result<std::shared_ptr<const ServedVersion>>> find_version(Predictor& predictor, const HttpRequest& http);

}  // namespace slipway
