// The routes of the model repository extension: what is approved and what of it is loaded; load and unload.
#pragma once

#include "protocol/admin/decision.h"
#include "protocol/http.h"
#include "serving/repository.h"

namespace slipway {

// The repository outlives the router.
void add_repository_routes(Router& router, Repository& repository, const DecisionLog& decisions);

}  // namespace slipway
