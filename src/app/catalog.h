// Keeps what is served in step with what is approved and wanted: the only writer of the serving snapshot.
//
// One thread decides: after each decision, after each load, for whoever waits for a version, and every few seconds for
// decisions taken on other nodes. It reads SQL (approved_versions.h), chooses what is in memory (residency.h), and
// publishes (publication.h). Loading happens on threads that stand back (load_pool.h), freeing on another
// (version_releaser.h). A version that cannot be loaded is left out, logged, counted and tried again after longer and
// longer (load_retries.h).
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "app/approved_versions.h"
#include "app/endpoint_policies.h"
#include "app/load_pool.h"
#include "app/load_retries.h"
#include "app/load_waiters.h"
#include "app/publication.h"
#include "app/residency.h"
#include "app/version_releaser.h"
#include "base/metrics.h"
#include "base/snapshot.h"
#include "serving/loader.h"

namespace slipway {

struct CatalogOptions {
  std::chrono::milliseconds interval{2'000};    // for decisions taken elsewhere
  unsigned load_threads = 2;                    // versions loaded at once
  std::chrono::milliseconds load_wait{30'000};  // of whoever asks for a version that is not loaded
  ResidencyLimits residency;
  const Remotes* remotes = nullptr;  // that policies fall back to; outlives the catalog
};

class Catalog final : public Repository, public OnDemandLoader {
 public:
  // The collaborators outlive it. Nothing is loaded before start().
  Catalog(Database& database, const ModelStore& models, const Loader& loader, PolicyMetrics& policy_metrics,
          metrics::Registry& registry, CatalogOptions options);
  ~Catalog() override;
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  // Loads what is approved and wanted in memory, then goes on in its own thread. Versions that fail to load do not fail
  // the start.
  Status start();
  void stop();
  // Returns at once; the change is served shortly after.
  void notify();

  const SnapshotCell<ServingSnapshot>& snapshot() const noexcept { return snapshot_; }

  std::shared_ptr<const std::vector<RepositoryEntry>> index() const override;
  Status load(const RepositoryTarget& target, bool is_pinned, std::string_view principal) override;
  Status unload(const RepositoryTarget& target, std::string_view principal) override;
  void load_now(const std::string& version_id, Monotonic deadline, std::function<void(Status)> done) override;

 private:
  struct Finished {
    std::string id;
    std::string stamp;
    Result<std::shared_ptr<const ServedVersion>> made;
  };
  // What this server remembers of a version.
  struct Memory {
    std::uint64_t bytes = 0;
    bool was_dormant = false;
    bool was_loaded = false;
    std::string failure;
    std::weak_ptr<const ServedVersion> given_up;
  };

  void loop();
  Status read();
  void settle();
  void take_finished();
  void take(const Version& version, Finished finished);
  std::set<std::string> choose() const;
  void begin_load(const Version& version);
  void apply_batch_policies();
  std::vector<VersionPhase> phases() const;
  void publish(const std::vector<VersionPhase>& versions);
  void answer_waiters(const std::vector<VersionPhase>& versions);
  Result<std::vector<Version>> wish(const RepositoryTarget& target, ServingWish wish, std::string_view principal);
  void settle_soon(std::unique_lock<std::mutex>& lock, Monotonic deadline);

  Database& database_;
  const ModelStore& models_;
  const Loader& loader_;
  const CatalogOptions options_;
  const ServingWishes wishes_;
  SnapshotCell<ServingSnapshot> snapshot_;
  metrics::Gauge serving_;
  metrics::Gauge failing_;
  metrics::Gauge bytes_;
  metrics::Counter failures_;
  metrics::Counter evictions_;
  VersionReleaser releaser_;

  // Of the deciding thread. By version id.
  ApprovedVersions approved_;
  std::map<std::string, std::shared_ptr<const ServedVersion>> loaded_;
  std::set<std::string> loading_;
  std::map<std::string, Memory> memories_;
  EndpointPolicies policies_;
  LoadRetries retries_;
  std::set<std::string> not_due_;  // failed, and not yet to be tried again
  bool owes_retry_ = false;        // what is served has changed

  mutable std::mutex mutex_;
  std::condition_variable wake_;     // the deciding thread
  std::condition_variable settled_;  // who waits for it
  std::vector<Finished> finished_;
  LoadWaiters waiters_;
  std::set<std::string> retry_now_;  // versions that failed and somebody wants loaded
  std::shared_ptr<const std::vector<RepositoryEntry>> index_;
  std::uint64_t asked_settlements_ = 0;
  std::uint64_t settlements_ = 0;  // as many of those asked for have been served
  bool is_due_ = false;            // SQL is to be read
  bool has_news_ = false;          // from the loading threads or the waiters
  bool is_stopping_ = false;

  std::unique_ptr<LoadPool> pool_;
  std::thread thread_;
};

}  // namespace slipway
