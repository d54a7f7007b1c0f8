// What Triton's clients may ask besides: the server's log, its traces, shared memory, text generation.
//
// The log's level can be changed. Traces and shared memory are not there: their settings say so, and turning them on is
// refused (unimplemented), as is generating text.
#pragma once

#include "protocol/admin/decision.h"
#include "protocol/http.h"

namespace slipway {

void add_settings_routes(Router& router, const DecisionLog& decisions);

}  // namespace slipway
