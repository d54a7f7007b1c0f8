// /api/v1/policies: what an endpoint does when things go wrong, set as YAML, every revision kept.
#pragma once

#include <functional>

#include "protocol/admin/decision.h"
#include "protocol/admin/principal_names.h"
#include "protocol/http.h"
#include "registry/model_store.h"
#include "registry/policy_store.h"
#include "storage/sql.h"

namespace slipway {

struct PolicyRouteParts {
  Database& database;
  const ModelStore& models;
  const PolicyStore& policies;
  DecisionLog decisions;
  std::function<Status(std::string_view endpoint, std::string_view yaml)> check;  // before a policy is kept
  std::function<void()> on_change;
  NameOf name_of;  // of a principal
};

// What the references of `parts` mean outlives the router.
void add_policy_routes(Router& router, const PolicyRouteParts& parts);

}  // namespace slipway
