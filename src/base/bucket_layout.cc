#include "base/bucket_layout.h"

#include <cassert>
#include <cmath>
#include <limits>

namespace slipway::metrics {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

std::uint64_t largest_in(std::size_t fine) noexcept {
  if (fine >= BucketLayout::kFine) return kUnlimited;
  if (fine < 8) return fine;
  const std::size_t shift = fine / 8 - 1;  // the octave above 3
  return ((std::uint64_t{8 + fine % 8} + 1) << shift) - 1;
}

}  // namespace

BucketLayout::BucketLayout(std::span<const double> exposed, double raw_scale)
    : bounds(exposed.begin(), exposed.end()), scale(raw_scale) {
  std::vector<std::uint64_t> raw;
  for (const double bound : bounds) raw.push_back(static_cast<std::uint64_t>(std::floor(bound / scale + 1e-6)));
  assert(std::adjacent_find(raw.begin(), raw.end(), std::greater_equal<>()) == raw.end());

  std::size_t next = 0;  // the bound that comes next
  for (std::size_t fine = 0; fine <= kFine; ++fine) {
    const std::uint64_t end = largest_in(fine);
    Entry& entry = entries[fine];
    entry = {kUnlimited, largest.size()};
    if (next < raw.size() && raw[next] < end) {
      entry.split_at = raw[next];
      largest.push_back(raw[next]);
      bound_cell.push_back(entry.first_cell);
      ++next;
    }
    assert(next == raw.size() || raw[next] >= end);
    largest.push_back(end);
    if (next < raw.size() && raw[next] == end) {
      bound_cell.push_back(largest.size() - 1);
      ++next;
    }
  }
  assert(next == raw.size());
}

}  // namespace slipway::metrics
