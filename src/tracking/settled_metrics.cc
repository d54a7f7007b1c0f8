#include "tracking/settled_metrics.h"

namespace slipway {
namespace {

constexpr std::int64_t kNewest = 64;
constexpr std::int64_t kAtOnce = 32;
// One run in so many: to look at the runs of others while they log makes PostgreSQL run transactions again.
constexpr std::int64_t kNowAndThen = 16;

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
  return settle_beside(t, run);
}

Status settle_beside(Transaction& t, std::int64_t run) {
  return run % kNowAndThen == 0 ? settle_abandoned_metrics(t) : Status{};
}

Status settle_abandoned_metrics(Transaction& t) {
  SLIPWAY_TRY(const std::vector<Row> runs,
              t.query("SELECT number FROM runs WHERE is_settled = 0 ORDER BY number DESC LIMIT $1 OFFSET $2",
                      {kAtOnce, kNewest}));
  for (const Row& row : runs) SLIPWAY_CHECK(settle(t, row.integer(0)));
  return {};
}

}  // namespace slipway
