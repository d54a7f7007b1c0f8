// Metrics by value, for searches (src/tracking/search_plan.h): kept of runs that log no more, so that logging costs
// nothing. A run that has logged since is not settled (runs.is_settled = 0, set by who logs), and a search looks into
// it by itself.
#pragma once

#include <cstdint>

#include "storage/sql.h"

namespace slipway {

// Of a run that has ended. Now and then also abandoned ones.
Status settle_metrics(Transaction& t, std::int64_t run);

// When `run` logs its first metrics: now and then abandoned ones, so that no more than a few stay behind also where
// nobody ends a run.
Status settle_beside(Transaction& t, std::int64_t run);

// Of runs that have not ended, but for the newest: most will not log again, and the others only have to be settled once
// more.
Status settle_abandoned_metrics(Transaction& t);

}  // namespace slipway
