// /v2/async: what became of requests that were taken with `slipway-async: true`.
#pragma once

#include "async/payload.h"
#include "protocol/http.h"
#include "storage/sql.h"

namespace slipway {

// Who asked may look, and who may deploy the model; to others there is no such request. `database` outlives the router.
void add_async_routes(Router& router, Database& database, const PayloadStore& payloads);

}  // namespace slipway
