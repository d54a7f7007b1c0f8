// What serves MLflow's clients, put together: tracking, artifacts, the registry in their words, and the registrar that
// works behind it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/settings.h"
#include "audit/log.h"
#include "protocol/http.h"
#include "registry/push.h"
#include "storage/objects.h"
#include "storage/sql.h"

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

  ~MlflowService();

  // Begins to work on registrations, with those that were left over.
  void start();
  void stop();

  // Wraps the gate: the URLs of parts of uploads carry their own signature.
  Gate gate(Gate inner) const;
  void add_routes(Router& router);

 private:
  struct State;
  explicit MlflowService(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway
