#include "app/catalog.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "registry/approval_rules.h"
#include "registry/transact.h"

namespace slipway {
namespace {

// The version that answers when none is named: the greatest release, or the greatest pre-release while there is no
// release.
bool answers_before(const Version& a, const Version& b) {
  if (a.semver.is_prerelease() != b.semver.is_prerelease()) return b.semver.is_prerelease();
  return a.semver > b.semver;
}

metrics::Gauge gauge(metrics::Registry& registry, std::string name, std::string help) {
  metrics::Description description;
  description.name = std::move(name);
  description.help = std::move(help);
  return registry.gauge(std::move(description)).with({});
}

metrics::Counter counter(metrics::Registry& registry, std::string name, std::string help) {
  metrics::Description description;
  description.name = std::move(name);
  description.help = std::move(help);
  return registry.counter(std::move(description)).with({});
}

}  // namespace

Catalog::Catalog(Database& database, const ModelStore& models, const Loader& loader, metrics::Registry& registry,
                 std::chrono::milliseconds interval)
    : database_(database),
      models_(models),
      loader_(loader),
      interval_(interval),
      snapshot_(std::make_shared<const ServingSnapshot>()),
      retries_(interval),
      serving_(gauge(registry, "slipway_versions_served", "Approved versions that are loaded and answer.")),
      failing_(gauge(registry, "slipway_versions_failed", "Approved versions that could not be loaded.")),
      failures_(counter(registry, "slipway_version_load_failures_total", "Attempts to load a version that failed.")) {}

Catalog::~Catalog() { stop(); }

Status Catalog::start() {
  SLIPWAY_CHECK(reconcile());
  thread_ = std::thread([this] { loop(); });
  return {};
}

void Catalog::stop() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Catalog::notify() {
  {
    std::lock_guard lock(mutex_);
    is_due_ = true;
  }
  wake_.notify_all();
}

void Catalog::loop() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    wake_.wait_for(lock, interval_, [this] { return is_due_ || is_stopping_; });
    if (is_stopping_) return;
    is_due_ = false;
    lock.unlock();
    if (const Status status = reconcile(); !status) {
      log::error("catalog.failed", {{"reason", status.error().reason}, {"message", status.error().message}});
    }
    lock.lock();
  }
}

Result<std::vector<Version>> Catalog::approved() {
  return in_read(database_, [&](Transaction& transaction) -> Result<std::vector<Version>> {
    std::vector<Version> all;
    PageRequest request{.limit = kPageLimitMax, .token = ""};
    do {
      SLIPWAY_TRY(Page<Version> page, models_.versions_in_state(transaction, VersionState::kApproved, request));
      for (Version& version : page.items) {
        SLIPWAY_TRY(const auto approvals, models_.approvals(transaction, version.id));
        if (const Status stands = check_still_approved(version, approvals); !stands) {
          log::error("version.approval_broken", {{"model", version.model}, {"message", stands.error().message}});
          continue;
        }
        all.push_back(std::move(version));
      }
      request.token = page.next_token;
    } while (!request.token.empty());
    return all;
  });
}

Status Catalog::reconcile() {
  SLIPWAY_TRY(std::vector<Version> versions, approved());
  std::sort(versions.begin(), versions.end(), answers_before);

  std::map<std::string, std::shared_ptr<const ServedVersion>> loaded;
  std::set<std::string> wanted;
  auto next = std::make_shared<ServingSnapshot>();
  for (const Version& version : versions) {
    wanted.insert(version.id);
    const auto known = loaded_.find(version.id);
    std::shared_ptr<const ServedVersion> served = known == loaded_.end() ? load(version) : known->second;
    if (served == nullptr) continue;
    ServedModel& model = next->models[version.model];
    if (model.current == nullptr) model.current = served;
    model.versions.insert(model.versions.begin(), served);  // ascending
    loaded.emplace(version.id, std::move(served));
  }
  retries_.keep_only(wanted);
  const bool is_changed = loaded != loaded_;
  loaded_ = std::move(loaded);
  serving_.set(static_cast<double>(loaded_.size()));
  failing_.set(static_cast<double>(retries_.size()));
  if (is_changed) {
    snapshot_.publish(std::move(next));
    retries_.make_due();
  }
  return {};
}

std::shared_ptr<const ServedVersion> Catalog::load(const Version& version) {
  std::string stamp = loader_.stamp(version);
  if (!retries_.is_due(version.id, stamp, std::chrono::steady_clock::now())) return nullptr;
  auto made = loader_.load_version(version);
  if (made) {
    retries_.note_success(version.id);
    log::info("version.loaded",
              {{"model", version.model}, {"version", version.semver.to_string()}, {"digest", version.digest.hex()}});
    return *std::move(made);
  }
  failures_.add();
  const Error& error = made.error();
  if (retries_.note_failure(version.id, std::move(stamp), error.message, std::chrono::steady_clock::now())) {
    log::error("version.load_failed", {{"model", version.model},
                                       {"version", version.semver.to_string()},
                                       {"reason", error.reason},
                                       {"message", error.message}});
  }
  return nullptr;
}

}  // namespace slipway
