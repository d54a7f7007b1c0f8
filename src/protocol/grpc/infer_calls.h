// One prediction asked over gRPC, from its message to an answer in memory.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "protocol/http.h"
#include "serving/predict.h"

namespace slipway {

// What one call in flight needs; kept for the next one of its thread.
struct InferScratch {
  InferRequest infer;
  Prediction prediction;

  void clear() {
    prediction.clear();
    infer.clear();
  }
};

// One for each thread.
class InferCalls {
 public:
  // Both outlive it.
  InferCalls(const Router& router, Predictor& predictor) : router_(router), predictor_(predictor) {}

  // `request` says who calls; its principal and its parameter "model" are set. On success scratch.prediction.response
  // is the answer. The views of both point into `message`. Errors: those of the gate, of read_infer_message() and of
  // Predictor::predict().
  Task<Status> answer(HttpRequest& request, Cancellation& cancellation, std::span<const std::byte> message,
                      std::optional<std::chrono::microseconds> time_left, InferScratch& scratch);

  // A call that waits keeps its own; the next one takes another.
  std::shared_ptr<InferScratch> borrow();

 private:
  const Router& router_;
  Predictor& predictor_;
  std::shared_ptr<std::vector<std::unique_ptr<InferScratch>>> free_ =
      std::make_shared<std::vector<std::unique_ptr<InferScratch>>>();
};

}  // namespace slipway
