// Frees versions on a thread of its own, and gives their memory back to the system.
//
// The last one to use a version is often an I/O thread, which must not spend milliseconds taking a model apart; and
// what the allocator keeps of a large model would stay with the process for good.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "serving/served_version.h"

namespace slipway {

class VersionReleaser {
 public:
  VersionReleaser();
  // Frees what is left. Versions handed out may outlive it: they are then freed where they are dropped.
  ~VersionReleaser();
  VersionReleaser(const VersionReleaser&) = delete;
  VersionReleaser& operator=(const VersionReleaser&) = delete;

  // The same version, but freed by this thread when its last user drops it.
  std::shared_ptr<const ServedVersion> watch(std::shared_ptr<const ServedVersion> version);

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::shared_ptr<const ServedVersion>> dropped;
    bool is_ending = false;
  };
  static void loop(Shared& shared);

  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace slipway
