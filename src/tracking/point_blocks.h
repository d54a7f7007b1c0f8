// How the points of a run lie in the table metric_points: in blocks in the order of arrival, by key inside each.
//
// Runs log many keys at a time and are read by one. By key alone, a batch of a hundred keys would change a hundred
// pages of the table; by arrival alone, a reader would have to pass all keys.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "storage/sql.h"
#include "tracking/run_key.h"
#include "tracking/tracking.h"

namespace slipway {

constexpr std::int64_t kPointsPerBlock = 512;  // about eight pages of SQLite

// Blocks are read so many at a time, which bounds the rows that wait in memory. They are named one by one: of a range,
// a database would read all keys.
constexpr std::int64_t kBlocksAtOnce = 128;

// Where the next points of a run go.
constexpr std::int64_t block_of(std::int64_t points_before) noexcept { return points_before / kPointsPerBlock; }

// `read`: (std::span<const SqlValue> blocks) -> Status, for all blocks of a run.
template <typename Read>
Status for_each_blocks(const RunKey& run, Read read) {
  const std::int64_t end = block_of(run.points) + 1;
  for (std::int64_t first = 0; first < end; first += kBlocksAtOnce) {
    std::vector<SqlValue> blocks;
    for (std::int64_t block = first; block < std::min(end, first + kBlocksAtOnce); ++block) blocks.emplace_back(block);
    SLIPWAY_CHECK(read(std::span<const SqlValue>(blocks)));
  }
  return {};
}

// A point as an interval of a history shows it, small: a key may have millions.
struct ThinPoint {
  std::int64_t step = 0;
  std::int64_t time_ms = 0;
  double value = 0;  // as it stands in SQL
  std::int64_t is_nan = 0;
  auto operator<=>(const ThinPoint&) const = default;
};

// The points of a key with start_step <= step <= end_step, by step, time and value, each once. O(points of the key).
Result<std::vector<ThinPoint>> read_interval(Transaction& t, const RunKey& run, std::string_view key,
                                             std::int64_t start_step, std::int64_t end_step);

// Those that stand for all where there are more than `limit`: the ones that MLflow's server picks. The points are
// divided into `limit` runs of equal length, the first ones longer by one where it does not come out even; the first of
// each run is taken, but for the last run the last point of all. Precondition: limit >= 1.
std::vector<ThinPoint> thin(std::vector<ThinPoint> points, std::size_t limit);

}  // namespace slipway
