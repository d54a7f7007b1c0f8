#include "tracking/settled_metrics.h"

namespace slipway {
namespace {

constexpr std::int64_t kUnsettledRunsMax = 64;

Status settle(Transaction& t, std::int64_t run) {
  SLIPWAY_CHECK(t.execute("DELETE FROM settled_metrics WHERE run = $1", {run}));
  SLIPWAY_CHECK(
      t.execute("INSERT INTO settled_metrics (run, key, value, is_nan) "
                "SELECT run, key, value, is_nan FROM latest_metrics WHERE run = $1",
                {run}));
  SLIPWAY_CHECK(t.execute("UPDATE runs SET is_settled = 1 WHERE number = $1", {run}));
  return {};
}

}  // namespace

Status settle_metrics(Transaction& t, std::int64_t run) {
  SLIPWAY_CHECK(settle(t, run));
  SLIPWAY_TRY(const std::vector<Row> newer,
              t.query("SELECT number FROM runs WHERE is_settled = 0 ORDER BY number DESC LIMIT 1 OFFSET $1",
                      {kUnsettledRunsMax}));
  if (newer.empty()) return {};
  SLIPWAY_TRY(const std::vector<Row> oldest,
              t.query("SELECT number FROM runs WHERE is_settled = 0 ORDER BY number LIMIT 1"));
  return settle(t, oldest.front().integer(0));
}

}  // namespace slipway
