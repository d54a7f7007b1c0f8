// What others ask of the catalog: its index, and that versions be loaded or unloaded. See catalog.h.
#include <algorithm>

#include "app/catalog.h"
#include "base/bytes.h"
#include "registry/transact.h"

namespace slipway {
namespace {

const RepositoryEntry* find(const std::vector<RepositoryEntry>& index, const Version& version) {
  const std::string text = version.semver.to_string();
  const auto entry = std::find_if(index.begin(), index.end(), [&](const RepositoryEntry& candidate) {
    return candidate.model == version.model && candidate.version == text;
  });
  return entry == index.end() ? nullptr : &*entry;
}

}  // namespace

std::shared_ptr<const std::vector<RepositoryEntry>> Catalog::index() const {
  std::lock_guard lock(mutex_);
  return index_;
}

void Catalog::load_now(const std::string& version_id, Monotonic deadline, std::function<void(Status)> done) {
  {
    std::lock_guard lock(mutex_);
    const Monotonic limit = std::min(deadline, std::chrono::steady_clock::now() + options_.load_wait);
    if (!is_stopping_ && waiters_.add(version_id, limit, done)) {
      has_news_ = true;
      done = nullptr;
    }
  }
  wake_.notify_all();
  if (done) done(fail(Code::kUnavailable, "serving.loading", "too many requests wait for models to be loaded"));
}

Result<std::vector<Version>> Catalog::wish(const RepositoryTarget& target, ServingWish wish,
                                           std::string_view principal) {
  return in_write(database_, [&](Transaction& t) -> Result<std::vector<Version>> {
    SLIPWAY_TRY(std::vector<Version> versions, find_approved(t, models_, target.model, target.version));
    for (const Version& version : versions) SLIPWAY_CHECK(wishes_.set(t, version.id, wish, principal));
    return versions;
  });
}

// Until the deciding thread has read what was just written, and acted.
void Catalog::settle_soon(std::unique_lock<std::mutex>& lock, Monotonic deadline) {
  is_due_ = true;
  const std::uint64_t mine = ++asked_settlements_;
  wake_.notify_all();
  settled_.wait_until(lock, deadline, [&] { return settlements_ >= mine || is_stopping_; });
}

Status Catalog::load(const RepositoryTarget& target, bool is_pinned, std::string_view principal) {
  const Monotonic deadline = std::chrono::steady_clock::now() + options_.load_wait;
  SLIPWAY_TRY(const std::vector<Version> versions,
              wish(target, is_pinned ? ServingWish::kPinned : ServingWish::kServed, principal));
  std::unique_lock lock(mutex_);
  for (const Version& version : versions) {
    waiters_.ask(version.id);
    retry_now_.insert(version.id);
  }
  settle_soon(lock, deadline);
  const auto is_loading = [&] {
    return std::any_of(versions.begin(), versions.end(), [&](const Version& version) {
      const RepositoryEntry* entry = find(*index_, version);
      return entry == nullptr || entry->state == ServingState::kLoading;
    });
  };
  if (!settled_.wait_until(lock, deadline, [&] { return !is_loading() || is_stopping_; })) {
    return fail(Code::kUnavailable, "serving.loading",
                "model " + quoted(target.model) + " is still being loaded; its state is in the index");
  }
  for (const Version& version : versions) {
    const RepositoryEntry* entry = find(*index_, version);
    if (entry != nullptr && entry->state == ServingState::kReady) continue;
    return fail(Code::kUnavailable, "serving.load_failed",
                "version " + version.semver.to_string() + " of model " + quoted(version.model) + " is not loaded" +
                    (entry == nullptr ? std::string() : ": " + entry->reason));
  }
  return {};
}

Status Catalog::unload(const RepositoryTarget& target, std::string_view principal) {
  SLIPWAY_CHECK(wish(target, ServingWish::kUnloaded, principal));
  std::unique_lock lock(mutex_);
  settle_soon(lock, std::chrono::steady_clock::now() + options_.load_wait);
  return {};
}

}  // namespace slipway
