// The model registry in MLflow's words (/api/2.0/mlflow/registered-models/…, …/model-versions/…), over the one registry
// that Slipway serves from.
//
// The model's name is in the arguments, so each handler asks whether the principal may do that to that model, and lists
// tell only of models that may be read. What changes what serves, and every deletion, is a decision with a record.
#pragma once

#include <functional>

#include "protocol/admin/decision.h"
#include "protocol/http.h"
#include "registry/model_store.h"
#include "storage/sql.h"

namespace slipway::mlflow {

struct RegistryRouteParts {
  Database& database;
  const ModelStore& models;
  DecisionLog decisions;
  std::function<void()> on_registration;  // after a version was registered whose files wait for their checks
  std::function<void()> on_change;        // after a version was retired
  std::function<void()> on_event;         // after an event for webhooks was written
};

// What the references of `parts` mean outlives the router.
void add_registry_routes(Router& router, const RegistryRouteParts& parts);

}  // namespace slipway::mlflow
