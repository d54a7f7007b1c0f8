// Encodes an infer response of the Open Inference Protocol v2 (REST): JSON, and the binary tensor data extension.
#pragma once

#include "base/result.h"
#include "protocol/http.h"
#include "serving/infer.h"

namespace slipway {

// Fills body, content type and headers of `http`; a degraded answer has the header slipway-degraded and the parameter
// slipway_degraded; where there is a cache, the header slipway-cache. Outputs are binary where `request` asked for it.
// Keys stand in Triton's order. JSON has no NaN, infinities or bytes that are not UTF-8: fails with out_of_range
// "infer.not_json" for outputs that hold them.
Status encode_infer(const InferRequest& request, const InferResponse& response, HttpResponse& http);

}  // namespace slipway
