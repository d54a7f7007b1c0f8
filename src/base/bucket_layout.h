// The buckets of a log-linear histogram, split at the bounds it is exposed with.
//
// Raw values below 8 have a bucket each; above, each octave has 8. A bucket that an exposed bound falls into is split
// in two there, so that the counts at the bounds are exact. The relative width of a bucket is at most 12.5 %.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace slipway::metrics {

struct BucketLayout {
  static constexpr std::uint32_t kOctaves = 38;  // values from 2^38 on share the last bucket
  static constexpr std::size_t kFine = 8 + (kOctaves - 3) * 8;

  // Precondition: bounds are positive and increase; no two of them, times 1 / scale, fall into one bucket (asserts).
  BucketLayout(std::span<const double> bounds, double scale);

  // Cell 0 to buckets() - 1.
  std::size_t cell_of(std::uint64_t raw) const noexcept {
    const Entry& entry = entries[fine_of(raw)];
    return entry.first_cell + static_cast<std::size_t>(raw > entry.split_at);
  }
  std::size_t buckets() const noexcept { return largest.size(); }

  static std::size_t fine_of(std::uint64_t raw) noexcept {
    if (raw < 8) return raw;
    const auto octave = static_cast<std::uint32_t>(std::bit_width(raw)) - 1;
    const std::size_t index = (octave - 3) * 8 + (raw >> (octave - 3));
    return std::min(index, kFine);
  }

  struct Entry {
    std::uint64_t split_at;  // the largest value of the lower half; the largest of all when not split
    std::size_t first_cell;
  };
  std::array<Entry, kFine + 1> entries;  // by fine bucket
  std::vector<std::uint64_t> largest;    // by cell: the largest raw value it holds
  std::vector<std::size_t> bound_cell;   // by bound: the last cell at or below it
  std::vector<double> bounds;
  double scale;
};

}  // namespace slipway::metrics
