// GET /api/v1/routes: every route with the permission it needs; what the access tests and the API reference walk.
#pragma once

#include "protocol/http.h"

namespace slipway {

// Lists the routes that were added before, and itself.
void add_route_list(Router& router);

}  // namespace slipway
