// /api/v1/dead-letters: requests that failed for good, and what is done about them.
#pragma once

#include <functional>

#include "async/payload.h"
#include "protocol/admin/decision.h"
#include "protocol/admin/principal_names.h"
#include "protocol/http.h"
#include "registry/model_store.h"
#include "storage/sql.h"

namespace slipway {

struct DeadLetterRouteParts {
  Database& database;
  const ModelStore& models;
  PayloadStore payloads;
  DecisionLog decisions;
  std::function<void()> on_replay;
  NameOf name_of;  // of a principal
};

// A caller sees the letters of the models that they may deploy. What the references of `parts` mean outlives the
// router.
void add_dead_letter_routes(Router& router, const DeadLetterRouteParts& parts);

}  // namespace slipway
