// /api/v1/keys: create, list, revoke and rotate API keys.
#pragma once

#include "access/access_control.h"
#include "protocol/admin/decision.h"
#include "protocol/http.h"

namespace slipway {

void add_key_routes(Router& router, AccessControl& access, const DecisionLog& decisions);

}  // namespace slipway
