// The routes of the Open Inference Protocol v2 over REST: health, metadata, infer.
#pragma once

#include <functional>
#include <memory>

#include "protocol/http.h"
#include "protocol/inference/async_intake.h"
#include "serving/predict.h"

namespace slipway {

struct InferenceRouteOptions {
  std::uint64_t body_bytes_max = 64ULL << 20;
  std::function<bool()> is_ready;  // called on the I/O thread; must not block
  AsyncIntake* async = nullptr;    // outlives the router; null: callers wait for their answers
};

// Adds the routes to the router of one I/O thread. The predictor is that thread's own and outlives the router.
void add_inference_routes(Router& router, Predictor& predictor, InferenceRouteOptions options);

}  // namespace slipway
