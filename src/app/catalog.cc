#include "app/catalog.h"

#include <algorithm>

#include "base/log.h"

namespace slipway {
namespace {

metrics::Description describe(std::string name, std::string help) {
  metrics::Description description;
  description.name = std::move(name);
  description.help = std::move(help);
  return description;
}

Monotonic now() { return std::chrono::steady_clock::now(); }

tl::unexpected<Error> unavailable(std::string_view reason, std::string message) {
  return fail(Code::kUnavailable, reason, std::move(message));
}

}  // namespace

Catalog::Catalog(Database& database, const ModelStore& models, const Loader& loader, PolicyMetrics& policy_metrics,
                 metrics::Registry& registry, CatalogOptions options)
    : database_(database),
      models_(models),
      loader_(loader),
      options_(options),
      snapshot_(std::make_shared<const ServingSnapshot>()),
      serving_(registry.gauge(describe("slipway_versions_served", "Approved versions that are loaded and answer."))
                   .with({})),
      failing_(
          registry.gauge(describe("slipway_versions_failed", "Approved versions that could not be loaded.")).with({})),
      bytes_(registry
                 .gauge(describe("slipway_versions_memory_bytes",
                                 "What the loaded versions take, estimated from their trials."))
                 .with({})),
      failures_(
          registry.counter(describe("slipway_version_load_failures_total", "Attempts to load a version that failed."))
              .with({})),
      evictions_(
          registry
              .counter(describe("slipway_version_evictions_total", "Versions given up to keep the limit of memory."))
              .with({})),
      policies_(policy_metrics, options.remotes),
      retries_(options.interval),
      index_(std::make_shared<const std::vector<RepositoryEntry>>()) {}

Catalog::~Catalog() { stop(); }

Status Catalog::start() {
  pool_ = std::make_unique<LoadPool>(options_.load_threads, LoadPool::Priority::kNormal);
  SLIPWAY_CHECK(read());
  settle();
  while (!loading_.empty()) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !finished_.empty(); });
    }
    settle();
  }
  pool_ = std::make_unique<LoadPool>(options_.load_threads, LoadPool::Priority::kLow);
  thread_ = std::thread([this] { loop(); });
  return {};
}

void Catalog::stop() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  settled_.notify_all();
  if (thread_.joinable()) thread_.join();
  pool_.reset();
  LoadWaiters::Answers answers;
  {
    std::lock_guard lock(mutex_);
    waiters_.answer_all(unavailable("serving.loading", "the server stops"), answers);
  }
  for (const auto& [done, status] : answers) done(status);
}

void Catalog::notify() {
  {
    std::lock_guard lock(mutex_);
    is_due_ = true;
  }
  wake_.notify_all();
}

void Catalog::loop() {
  Monotonic next_read = now() + options_.interval;
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    const Monotonic until = std::min(next_read, waiters_.next_deadline().value_or(next_read));
    wake_.wait_until(lock, until, [this] { return is_due_ || has_news_ || is_stopping_; });
    if (is_stopping_) return;
    const bool reads = std::exchange(is_due_, false) || now() >= next_read;
    has_news_ = false;
    const std::uint64_t asked = asked_settlements_;
    lock.unlock();
    if (reads) {
      next_read = now() + options_.interval;
      if (const Status status = read(); !status) {
        log::error("catalog.failed", {{"reason", status.error().reason}, {"message", status.error().message}});
      }
    }
    settle();
    lock.lock();
    settlements_ = asked;
    settled_.notify_all();
  }
}

// SQL, into what this thread knows.
Status Catalog::read() {
  SLIPWAY_TRY(approved_, read_approved(database_, models_, wishes_));
  policies_.update(approved_.policies, now());
  std::set<std::string> known;
  not_due_.clear();
  for (const ApprovedVersion& approved : approved_.versions) {
    const Version& version = approved.version;
    known.insert(version.id);
    Memory& memory = memories_[version.id];
    if (memory.bytes == 0) memory.bytes = memory_estimate(version);
    const bool is_failing = !memory.failure.empty();
    if (is_failing && !retries_.is_due(version.id, loader_.stamp(version), now())) not_due_.insert(version.id);
  }
  retries_.keep_only(known);
  std::erase_if(memories_, [&](const auto& memory) { return !known.contains(memory.first); });
  return {};
}

// One step towards what is wanted: never blocks.
void Catalog::settle() {
  take_finished();
  apply_batch_policies();
  const std::set<std::string> resident = choose();
  std::set<std::string> wanted;
  for (const ApprovedVersion& approved : approved_.versions) {
    if (approved.wish != ServingWish::kUnloaded) wanted.insert(approved.version.id);
  }
  std::erase_if(loaded_, [&](const auto& loaded) {
    if (resident.contains(loaded.first)) return false;
    if (wanted.contains(loaded.first)) evictions_.add();
    if (const auto memory = memories_.find(loaded.first); memory != memories_.end())
      memory->second.given_up = loaded.second;
    return true;
  });
  for (const ApprovedVersion& approved : approved_.versions) {
    const std::string& id = approved.version.id;
    if (resident.contains(id) && !loaded_.contains(id) && !loading_.contains(id)) begin_load(approved.version);
  }
  const std::vector<VersionPhase> versions = phases();
  for (const VersionPhase& version : versions) {
    Memory& memory = memories_[version.approved->version.id];
    memory.was_dormant |= version.phase == Phase::kDormant;
    memory.was_loaded |= version.phase == Phase::kLoaded;
  }
  publish(versions);
  answer_waiters(versions);
  if (owes_retry_ && loading_.empty()) {
    owes_retry_ = false;
    retries_.make_due();
    not_due_.clear();
  }
}

void Catalog::take_finished() {
  std::vector<Finished> finished;
  {
    std::lock_guard lock(mutex_);
    finished.swap(finished_);
    for (const std::string& id : retry_now_) not_due_.erase(id);
    retry_now_.clear();
  }
  for (Finished& one : finished) {
    loading_.erase(one.id);
    const auto approved = std::find_if(approved_.versions.begin(), approved_.versions.end(),
                                       [&](const ApprovedVersion& known) { return known.version.id == one.id; });
    if (approved != approved_.versions.end()) take(approved->version, std::move(one));
  }
}

void Catalog::take(const Version& version, Finished finished) {
  Memory& memory = memories_[version.id];
  if (finished.made) {
    retries_.note_success(version.id);
    not_due_.erase(version.id);
    memory.failure.clear();
    auto served = releaser_.watch(*std::move(finished.made));
    served->last_use.note(system_clock().now());  // the newest: it is not what is given up next
    memory.bytes = served->memory_bytes;
    loaded_[version.id] = std::move(served);
    log::info("version.loaded",
              {{"model", version.model}, {"version", version.semver.to_string()}, {"digest", version.digest.hex()}});
    return;
  }
  failures_.add();
  const Error& error = finished.made.error();
  memory.failure = error.message;
  not_due_.insert(version.id);
  if (retries_.note_failure(version.id, std::move(finished.stamp), error.message, now())) {
    log::error("version.load_failed", {{"model", version.model},
                                       {"version", version.semver.to_string()},
                                       {"reason", error.reason},
                                       {"message", error.message}});
  }
}

// The ids of what is to be in memory.
std::set<std::string> Catalog::choose() const {
  std::set<std::string_view> answering;  // models of which a version is loaded
  for (const auto& [id, served] : loaded_) answering.insert(served->model);
  std::set<std::string_view> seen;
  std::vector<ResidencyCandidate> candidates;
  std::lock_guard lock(mutex_);
  for (const auto& [version, wish] : approved_.versions) {
    if (wish == ServingWish::kUnloaded || not_due_.contains(version.id)) continue;
    const Memory& memory = memories_.at(version.id);
    const auto loaded = loaded_.find(version.id);
    // It is to answer for its model in the place of one that does: loaded beforehand, so that nobody waits for it.
    const bool takes_over =
        seen.insert(version.model).second && !memory.was_loaded && answering.contains(version.model);
    candidates.push_back({.id = version.id,
                          .bytes = memory.bytes,
                          .is_pinned = wish == ServingWish::kPinned,
                          .is_asked_for = takes_over || waiters_.is_asked_for(version.id),
                          .is_loaded = loaded != loaded_.end() || loading_.contains(version.id),
                          .last_use_unix_ms = loaded == loaded_.end() ? 0 : loaded->second->last_use.unix_ms()});
  }
  return choose_resident(candidates, options_.residency);
}

// A version whose batching is to be another is made anew around the same loaded model; requests finish on the old one.
void Catalog::apply_batch_policies() {
  for (auto& [id, served] : loaded_) {
    const BatchPolicy& batch = policies_.batch(served->model);
    if (served->batch_policy == batch) continue;
    auto next = loader_.with_policy(*served, batch);
    next->last_use.note(system_clock().now());
    served = releaser_.watch(std::move(next));
  }
}

void Catalog::begin_load(const Version& version) {
  const bool is_taken = pool_->try_submit([this, version, batch = policies_.batch(version.model)] {
    std::string stamp = loader_.stamp(version);
    Finished finished{version.id, std::move(stamp), loader_.load_version(version, batch)};
    {
      std::lock_guard lock(mutex_);
      finished_.push_back(std::move(finished));
      has_news_ = true;
    }
    wake_.notify_all();
  });
  if (is_taken) loading_.insert(version.id);
}

std::vector<VersionPhase> Catalog::phases() const {
  std::vector<VersionPhase> versions;
  for (const ApprovedVersion& approved : approved_.versions) {
    const std::string& id = approved.version.id;
    const Memory& memory = memories_.at(id);
    VersionPhase version{.approved = &approved,
                         .phase = Phase::kDormant,
                         .served = nullptr,
                         .was_dormant = memory.was_dormant,
                         .was_loaded = memory.was_loaded,
                         .is_leaving = !memory.given_up.expired(),
                         .failure = memory.failure};
    if (const auto loaded = loaded_.find(id); loaded != loaded_.end()) {
      version.phase = Phase::kLoaded;
      version.served = loaded->second;
    } else if (approved.wish == ServingWish::kUnloaded) {
      version.phase = Phase::kUnloaded;
    } else if (loading_.contains(id)) {
      version.phase = Phase::kLoading;
    } else if (!memory.failure.empty()) {
      version.phase = Phase::kFailed;
    }
    versions.push_back(std::move(version));
  }
  return versions;
}

void Catalog::publish(const std::vector<VersionPhase>& versions) {
  auto next = std::make_shared<ServingSnapshot>(make_snapshot(versions, approved_));
  next->on_demand = this;
  for (auto& [name, model] : next->models) model.state = policies_.state(name);
  auto index = std::make_shared<const std::vector<RepositoryEntry>>(make_index(versions));
  {
    std::lock_guard lock(mutex_);
    index_.swap(index);
  }
  std::uint64_t bytes = 0;
  for (const auto& [id, served] : loaded_) bytes += served->memory_bytes;
  serving_.set(static_cast<double>(loaded_.size()));
  failing_.set(static_cast<double>(retries_.size()));
  bytes_.set(static_cast<double>(bytes));
  if (is_same(*next, *snapshot_.load())) return;
  add_guards(*next, now());
  snapshot_.publish(std::move(next));
  owes_retry_ = true;
}

void Catalog::answer_waiters(const std::vector<VersionPhase>& versions) {
  LoadWaiters::Answers answers;
  {
    std::lock_guard lock(mutex_);
    std::set<std::string> known;
    for (const VersionPhase& version : versions) {
      const std::string& id = version.approved->version.id;
      if (version.phase != Phase::kUnloaded) known.insert(id);
      if (version.phase == Phase::kLoaded) waiters_.answer(id, {}, answers);
      if (version.phase == Phase::kFailed) {
        waiters_.answer(id, unavailable("serving.load_failed", "the model cannot be loaded: " + version.failure),
                        answers);
      }
      if (version.phase == Phase::kDormant) {  // asked for, and yet not chosen
        waiters_.answer(id,
                        unavailable("serving.memory_limit",
                                    "the model does not fit into what the pinned ones leave of the memory for models"),
                        answers);
      }
    }
    waiters_.keep_only(known, answers);
    waiters_.expire(now(), answers);
  }
  for (const auto& [done, status] : answers) done(status);
}

}  // namespace slipway
