// What the request path and the repository's index see of the versions' phases. Pure.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/approved_versions.h"
#include "serving/repository.h"
#include "serving/served_version.h"

namespace slipway {

enum class Phase : std::uint8_t {
  kLoaded,
  kLoading,
  kFailed,
  kDormant,   // loaded when somebody asks
  kUnloaded,  // until somebody wants it loaded
};

struct VersionPhase {
  const ApprovedVersion* approved = nullptr;
  Phase phase = Phase::kDormant;
  std::shared_ptr<const ServedVersion> served;  // while loaded
  bool was_dormant = false;                     // so that its callers go on waiting while it is loaded
  bool was_loaded = false;                      // so that it goes on answering calls that name no version
  bool is_leaving = false;                      // no longer chosen, but requests still run on it
  std::string failure;
};

// `versions`: in the order of ApprovedVersions. A version takes over from one that answers only when it is loaded.
ServingSnapshot make_snapshot(std::span<const VersionPhase> versions, const ApprovedVersions& approved);

// By model and ascending version.
std::vector<RepositoryEntry> make_index(std::span<const VersionPhase> versions);

// Do the two answer alike?
bool is_same(const ServingSnapshot& a, const ServingSnapshot& b);

}  // namespace slipway
