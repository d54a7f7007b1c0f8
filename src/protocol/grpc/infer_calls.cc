#include "protocol/grpc/infer_calls.h"

#include <algorithm>

#include "protocol/grpc/infer_message.h"
#include "protocol/inference/cache_use.h"
#include "serving/classification.h"

namespace slipway {

Task<Status> InferCalls::answer(HttpRequest& request, Cancellation& cancellation, std::span<const std::byte> message,
                                std::optional<std::chrono::microseconds> time_left, InferScratch& scratch) {
  InferRequest& infer = scratch.infer;
  Prediction& prediction = scratch.prediction;
  const std::string_view model = model_of_infer_message(message);
  request.parameters.clear();
  request.parameters.emplace_back("model", model);
  if (const Gate& gate = router_.gate()) {
    auto principal = gate(request, Permission::kPredict, model);
    if (!principal) co_return fail(std::move(principal).error());
    request.principal = *std::move(principal);
  }
  if (time_left && time_left->count() <= 0) {
    co_return fail(Code::kDeadlineExceeded, "serving.deadline", "the deadline of the call had passed when it arrived");
  }
  Status decoded = read_infer_message(message, infer);
  if (!decoded) co_return decoded;
  infer.cache = cache_use(request);
  if (infer.unit.empty()) infer.unit = request.header("slipway-unit");
  if (time_left) {
    const auto left = static_cast<std::uint64_t>(time_left->count());
    infer.timeout_us = std::min(infer.timeout_us.value_or(left), left);
  }
  PredictCall call;
  call.principal_id = request.principal->id;
  call.request_id = request.request_id;
  call.trace_id = request.trace.trace_id;
  call.received = request.received;
  call.executor = request.executor;
  call.cancellation = &cancellation;
  Status predicted = co_await predictor_.predict(call, infer, prediction);
  if (!predicted) co_return predicted;
  co_return classify(infer, *prediction.version, prediction.response, infer.arena);
}

std::shared_ptr<InferScratch> InferCalls::borrow() {
  std::unique_ptr<InferScratch> scratch;
  if (free_->empty()) {
    scratch = std::make_unique<InferScratch>();
  } else {
    scratch = std::move(free_->back());
    free_->pop_back();
  }
  return {scratch.release(), [free = free_](InferScratch* used) {
            used->clear();
            free->emplace_back(used);
          }};
}

}  // namespace slipway
