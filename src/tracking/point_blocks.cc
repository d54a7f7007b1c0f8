#include "tracking/point_blocks.h"

#include <cassert>

#include "tracking/row_batch.h"

namespace slipway {
Result<std::vector<ThinPoint>> read_interval(Transaction& t, const RunKey& run, std::string_view key,
                                             std::int64_t start_step, std::int64_t end_step) {
  static const SelectIn kSelect(
      "SELECT step, time, value, is_nan FROM metric_points "
      "WHERE run = $1 AND key = $2 AND step BETWEEN $3 AND $4 AND block IN ",
      "", 4);
  const SqlArguments arguments{run.number, std::string(key), start_step, end_step};
  std::vector<ThinPoint> points;
  SLIPWAY_CHECK(for_each_blocks(run, [&](std::span<const SqlValue> blocks) -> Status {
    SLIPWAY_TRY(const std::vector<Row> rows, kSelect.query(t, blocks, arguments));
    for (const Row& row : rows) points.push_back({row.integer(0), row.integer(1), row.real(2), row.integer(3)});
    return {};
  }));
  const auto is_less = [](const ThinPoint& a, const ThinPoint& b) { return (a <=> b) < 0; };  // no NaN among the values
  std::ranges::sort(points, is_less);
  points.erase(std::unique(points.begin(), points.end()), points.end());
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
