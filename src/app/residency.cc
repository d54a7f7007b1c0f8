#include "app/residency.h"

#include <algorithm>
#include <vector>

namespace slipway {
namespace {

int rank(const ResidencyCandidate& candidate) noexcept {
  if (candidate.is_pinned) return 0;
  if (candidate.is_asked_for) return 1;
  return candidate.is_loaded ? 2 : 3;
}

bool goes_before(const ResidencyCandidate* a, const ResidencyCandidate* b) noexcept {
  if (rank(*a) != rank(*b)) return rank(*a) < rank(*b);
  return a->is_loaded && a->last_use_unix_ms > b->last_use_unix_ms;
}

}  // namespace

std::set<std::string> choose_resident(std::span<const ResidencyCandidate> candidates, const ResidencyLimits& limits) {
  std::vector<const ResidencyCandidate*> order;
  for (const ResidencyCandidate& candidate : candidates) {
    if (!limits.loads_on_demand || rank(candidate) < 3) order.push_back(&candidate);
  }
  std::stable_sort(order.begin(), order.end(), goes_before);
  std::set<std::string> resident;
  std::uint64_t bytes = 0;
  for (const ResidencyCandidate* candidate : order) {
    const bool fits =
        limits.bytes_max == 0 || (bytes <= limits.bytes_max && candidate->bytes <= limits.bytes_max - bytes);
    if (!fits && !candidate->is_pinned) continue;
    bytes += candidate->bytes;
    resident.insert(candidate->id);
  }
  return resident;
}

}  // namespace slipway
