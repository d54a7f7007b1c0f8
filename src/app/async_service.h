// Predictions that are answered later: what takes them, what runs them, and the routes to ask after them.
#pragma once

#include <functional>
#include <memory>

#include "app/settings.h"
#include "async/dispatcher.h"
#include "audit/log.h"
#include "protocol/admin/principal_names.h"
#include "protocol/inference/async_intake.h"
#include "protocol/inference/async_run.h"
#include "registry/model_store.h"

namespace slipway {

class AsyncService {
 public:
  // All outlive it. `predictor`: of its own thread.
  struct Parts {
    const Settings& settings;
    Database& database;
    ObjectStore& objects;
    const ModelStore& models;
    audit::AuditLog& audit;
    metrics::Registry& registry;
    std::unique_ptr<Predictor> predictor;
    NameOf name_of;
  };
  explicit AsyncService(Parts parts);

  AsyncIntake& intake() noexcept { return intake_; }
  void add_routes(Router& router);

  void start() { dispatcher_.start(); }
  // See Dispatcher::stop(). Requests are taken until the end.
  void stop(Monotonic deadline) { dispatcher_.stop(deadline); }

 private:
  Database& database_;
  const ModelStore& models_;
  audit::AuditLog& audit_;
  const NameOf name_of_;
  const PayloadStore payloads_;
  AsyncPredictions predictions_;
  Dispatcher dispatcher_;
  AsyncIntake intake_;
};

}  // namespace slipway
