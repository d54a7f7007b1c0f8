// Metrics by value, for searches (src/tracking/search_plan.h): kept of runs that log no more, so that logging costs
// nothing. A run that has logged since is not settled (runs.is_settled = 0, set by who logs), and a search looks into
// it by itself.
#pragma once

#include <cstdint>

#include "storage/sql.h"

namespace slipway {

// Of a run that has ended. Also settles the oldest of those that have not ended when there are many of them: they were
// abandoned, and if not, they only have to be settled again.
Status settle_metrics(Transaction& t, std::int64_t run);

}  // namespace slipway
