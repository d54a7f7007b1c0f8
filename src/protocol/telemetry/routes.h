// GET /metrics.
#pragma once

#include "base/metrics.h"
#include "protocol/http.h"

namespace slipway {

// The registry outlives the router.
void add_telemetry_routes(Router& router, const metrics::Registry& registry);

}  // namespace slipway
