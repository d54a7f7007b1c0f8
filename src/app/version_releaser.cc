#include "app/version_releaser.h"

#include <malloc.h>

namespace slipway {
namespace {

// Several versions are often given up together: one trim is for all of them.
constexpr std::chrono::milliseconds kGather{100};

}  // namespace

VersionReleaser::VersionReleaser()
    : shared_(std::make_shared<Shared>()), thread_([shared = shared_] { loop(*shared); }) {}

VersionReleaser::~VersionReleaser() {
  {
    std::lock_guard lock(shared_->mutex);
    shared_->is_ending = true;
  }
  shared_->changed.notify_all();
  thread_.join();
}

std::shared_ptr<const ServedVersion> VersionReleaser::watch(std::shared_ptr<const ServedVersion> version) {
  const ServedVersion* const plain = version.get();
  return {plain, [shared = shared_, version = std::move(version)](const ServedVersion*) mutable {
            std::lock_guard lock(shared->mutex);
            if (shared->is_ending) return;
            shared->dropped.push_back(std::move(version));
            shared->changed.notify_all();
          }};
}

void VersionReleaser::loop(Shared& shared) {
  std::unique_lock lock(shared.mutex);
  while (true) {
    shared.changed.wait(lock, [&] { return shared.is_ending || !shared.dropped.empty(); });
    shared.changed.wait_for(lock, kGather, [&] { return shared.is_ending; });
    auto dropped = std::move(shared.dropped);
    shared.dropped.clear();
    const bool is_ending = shared.is_ending;
    lock.unlock();
    const bool has_freed = !dropped.empty();
    dropped.clear();
    if (has_freed) malloc_trim(0);
    if (is_ending) return;
    lock.lock();
  }
}

}  // namespace slipway
