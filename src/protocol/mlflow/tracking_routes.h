// Experiments, runs, metrics and logged models over the MLflow API: /api/2.0/mlflow/ and /ajax-api/2.0/mlflow/.
// docs/reference/mlflow.md lists the calls.
#pragma once

#include "protocol/http.h"
#include "storage/sql.h"
#include "tracking/experiment_store.h"
#include "tracking/logged_model_store.h"
#include "tracking/run_store.h"

namespace slipway::mlflow {

// What the references mean outlives the router.
struct TrackingParts {
  Database& database;
  const ExperimentStore& experiments;
  const RunStore& runs;
  const LoggedModelStore& logged_models;
  bool has_multipart_uploads = false;  // of artifacts: what server-info tells
};

// All of the below.
void add_tracking_routes(Router& router, const TrackingParts& parts);

void add_experiment_routes(Router& router, const TrackingParts& parts);
void add_run_routes(Router& router, const TrackingParts& parts);
void add_run_log_routes(Router& router, const TrackingParts& parts);
void add_metric_routes(Router& router, const TrackingParts& parts);
void add_logged_model_routes(Router& router, const TrackingParts& parts);
// /health, /version and server-info.
void add_server_info_routes(Router& router, const TrackingParts& parts);

}  // namespace slipway::mlflow
