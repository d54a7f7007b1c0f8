// Search with MLflow's filter grammar and ordering, by keyset: the cost of a page grows with the page, not with the
// table.
//
// A filter is clauses joined by AND: `metrics.rmse < 0.9 AND params."layer size" = '12' AND attributes.status IN (…)`.
// tracking/search_filter.h parses it, tracking/search_sql.h turns it into one SELECT; nothing of a client's text is
// ever part of a statement. NaN sorts after all numbers and a missing value last, in either direction. A page token
// names its search: one of another filter or order is refused.
//
// Errors: invalid_argument "search.invalid_filter" (the clause, what was found, what would be accepted),
// "search.invalid_order", "search.invalid_token", "search.invalid_limit"; those of storage/sql.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "registry/page.h"
#include "storage/sql.h"
#include "tracking/tracking.h"

namespace slipway {

constexpr std::size_t kFilterBytesMax = 64 << 10;
constexpr std::size_t kFilterClausesMax = 100;
constexpr std::size_t kOrderClausesMax = 16;

struct RunSearch {
  std::vector<std::string> experiment_ids;
  std::string filter;
  std::vector<std::string> order_by;  // then start_time DESC, run id
  ViewType view = ViewType::kActiveOnly;
  std::size_t limit = 1000;  // up to 50,000
  std::string token;
};
// Whole runs: RunStore::load_data is called for the page.
Result<Page<Run>> search_runs(Transaction& t, const RunSearch& search);

struct ExperimentSearch {
  std::string filter;
  std::vector<std::string> order_by;  // then newest first
  ViewType view = ViewType::kActiveOnly;
  std::size_t limit = 1000;
  std::string token;
};
Result<Page<Experiment>> search_experiments(Transaction& t, const ExperimentSearch& search);

struct LoggedModelOrder {
  std::string field;  // "creation_timestamp", "metrics.accuracy", …
  bool is_ascending = true;
  std::string dataset_name;  // of a metric; "" for any
  std::string dataset_digest;
};
struct LoggedModelSearch {
  std::vector<std::string> experiment_ids;
  std::string filter;
  std::vector<std::pair<std::string, std::string>> datasets;  // (name, digest or ""): where metrics are taken from
  std::vector<LoggedModelOrder> order_by;
  std::size_t limit = 50;
  std::string token;
};
Result<Page<LoggedModel>> search_logged_models(Transaction& t, const LoggedModelSearch& search);

}  // namespace slipway
