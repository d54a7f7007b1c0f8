// The classification extension: an output of scores becomes its k largest a row, as texts "value:index[:label]".
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "serving/infer.h"
#include "serving/served_version.h"

namespace slipway {

// Replaces each output of `response` for which `request` asks that. A row is what stands behind dimension 0 of a
// batched output, all of another; the answer is BYTES [rows, k] or [k], with k at most the row's elements, NaN last.
// Views point into `arena`. invalid_argument "infer.classification" for outputs that are not numbers.
Status classify(const InferRequest& request, const ServedVersion& version, InferResponse& response, Arena& arena);

}  // namespace slipway
