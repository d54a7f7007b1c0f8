// What serves MLflow's clients, put together: tracking, artifacts, the registry in their words, and the registrar that
// works behind it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/settings.h"
#include "audit/log.h"
#include "protocol/admin/decision.h"
#include "protocol/http.h"
#include "protocol/mlflow/artifact_url.h"
#include "protocol/mlflow/version_files.h"
#include "registry/push.h"
#include "storage/objects.h"
#include "storage/sql.h"
#include "tracking/artifact_files.h"
#include "tracking/artifact_registrar.h"
#include "tracking/experiment_store.h"
#include "tracking/logged_model_store.h"
#include "tracking/run_store.h"

namespace slipway {

class MlflowService {
 public:
  struct Parts {
    const Settings& settings;
    Database& database;
    ObjectStore& objects;
    const BundleStore& bundles;
    const ModelStore& models;
    const Push& push;
    audit::AuditLog& audit;
    std::string temporary_directory;
    std::function<void()> on_change;  // after a version was retired
    std::function<void()> on_event;   // after an event for webhooks was written
  };

  // What `parts` refer to outlives it.
  static Result<std::unique_ptr<MlflowService>> open(Parts parts);

  void start() { registrar_.start(kRegistrarThreads); }
  void stop() { registrar_.stop(); }

  // Wraps the gate: the URLs of parts of uploads carry their own signature.
  Gate gate(Gate inner) const { return mlflow::with_part_urls(std::move(inner), part_urls_); }
  void add_routes(Router& router);

 private:
  static constexpr unsigned kRegistrarThreads = 2;

  MlflowService(Parts parts, Secret signing_key);
  RegistrarParts registrar_parts();

  Parts parts_;
  ExperimentStore experiments_;
  RunStore runs_;
  LoggedModelStore logged_models_;
  ArtifactFiles artifacts_;
  mlflow::VersionFiles version_files_;
  mlflow::PartUrls part_urls_;
  Registrar registrar_;
};

}  // namespace slipway
