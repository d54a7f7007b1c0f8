// Keeps what is served in step with what is approved: the only writer of the serving snapshot.
//
// reconcile() compares the approved versions in SQL with the published snapshot, loads what is new, and publishes once.
// It runs on one thread of its own: after each decision, and every few seconds for decisions taken on other nodes. A
// version that cannot be loaded is left out, logged, counted and tried again after longer and longer (load_retries.h).
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "app/load_retries.h"
#include "base/metrics.h"
#include "base/snapshot.h"
#include "registry/model_store.h"
#include "serving/loader.h"
#include "serving/served_version.h"
#include "storage/sql.h"

namespace slipway {

class Catalog {
 public:
  // The collaborators outlive it. Nothing is loaded before start().
  Catalog(Database& database, const ModelStore& models, const Loader& loader, metrics::Registry& registry,
          std::chrono::milliseconds interval);
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  // Loads everything that is approved, then goes on in its own thread. Versions that fail to load do not fail the
  // start.
  Status start();
  void stop();
  // Returns at once; the change is served shortly after.
  void notify();

  const SnapshotCell<ServingSnapshot>& snapshot() const noexcept { return snapshot_; }

 private:
  Status reconcile();
  Result<std::vector<Version>> approved();
  std::shared_ptr<const ServedVersion> load(const Version& version);  // null: not now
  void loop();

  Database& database_;
  const ModelStore& models_;
  const Loader& loader_;
  const std::chrono::milliseconds interval_;
  SnapshotCell<ServingSnapshot> snapshot_;
  std::map<std::string, std::shared_ptr<const ServedVersion>> loaded_;  // by version id
  LoadRetries retries_;                                                 // by version id
  metrics::Gauge serving_;
  metrics::Gauge failing_;
  metrics::Counter failures_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_due_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace slipway
