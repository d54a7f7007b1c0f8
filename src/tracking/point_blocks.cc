#include "tracking/point_blocks.h"

#include <algorithm>
#include <cassert>

namespace slipway {
namespace {

constexpr std::int64_t kBlocksAtOnce = 128;  // bounds the rows that wait in memory

}  // namespace

Result<std::vector<ThinPoint>> read_interval(Transaction& t, const RunKey& run, std::string_view key,
                                             std::int64_t start_step, std::int64_t end_step) {
  constexpr std::string_view kSql =
      "WITH RECURSIVE blocks (block) AS "
      "(SELECT CAST($3 AS BIGINT) UNION ALL SELECT block + 1 FROM blocks WHERE block < $4) "
      "SELECT p.step, p.time, p.value, p.is_nan FROM blocks b CROSS JOIN metric_points p "
      "WHERE p.run = $1 AND p.block = b.block AND p.key = $2 AND p.step BETWEEN $5 AND $6";
  std::vector<ThinPoint> points;
  const std::int64_t last = block_of(run.points);
  for (std::int64_t block = 0; block <= last; block += kBlocksAtOnce) {
    SLIPWAY_TRY(const std::vector<Row> rows,
                t.query(kSql, {run.number, std::string(key), block, std::min(last, block + kBlocksAtOnce - 1),
                               start_step, end_step}));
    for (const Row& row : rows) points.push_back({row.integer(0), row.integer(1), row.real(2), row.integer(3)});
  }
  const auto is_less = [](const ThinPoint& a, const ThinPoint& b) { return (a <=> b) < 0; };  // no NaN among the values
  std::ranges::sort(points, is_less);
  const auto twice = std::ranges::unique(points);
  points.erase(twice.begin(), twice.end());
  return points;
}

std::vector<ThinPoint> thin(std::vector<ThinPoint> points, std::size_t limit) {
  assert(limit >= 1);
  if (points.size() <= limit) return points;
  const std::size_t length = points.size() / limit;
  const std::size_t longer = points.size() % limit;
  std::vector<ThinPoint> picked;
  picked.reserve(limit);
  std::size_t first = 0;
  for (std::size_t i = 0; i + 1 < limit; ++i) {
    picked.push_back(points[first]);
    first += i < longer ? length + 1 : length;
  }
  picked.push_back(points.back());
  return picked;
}

}  // namespace slipway
