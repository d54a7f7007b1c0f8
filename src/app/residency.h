// Which versions are in memory: pure decisions over what is known of each.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>

namespace slipway {

struct ResidencyCandidate {
  std::string id;
  std::uint64_t bytes = 0;  // an estimate
  bool is_pinned = false;
  bool is_asked_for = false;  // somebody waits for it
  bool is_loaded = false;     // or being loaded
  std::int64_t last_use_unix_ms = 0;
};

struct ResidencyLimits {
  std::uint64_t bytes_max = 0;   // 0: none
  bool loads_on_demand = false;  // nothing but what is pinned is loaded before somebody asks
};

// `candidates`: in the order in which they are loaded where nobody has asked for any. In memory are, as long as they
// fit: the pinned ones (these whether they fit or not), those asked for, those loaded, the newest use first, and then
// the others. So the version that is given up is the one used longest ago. O(n log n).
std::set<std::string> choose_resident(std::span<const ResidencyCandidate> candidates, const ResidencyLimits& limits);

}  // namespace slipway
