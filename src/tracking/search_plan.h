// Where the search of a page begins, so that it costs the page rather than the table.
#pragma once

#include <cstdint>

#include "tracking/search_sql.h"

namespace slipway {

enum class SearchStart : std::uint8_t {
  kRows,    // the rows in their order (by an index, or sorted), each tried against the filter
  kClause,  // the few rows that meet one clause, then sorted
  kOrder,   // the values of the first order, in their order
};

struct SearchPlan {
  SearchStart start = SearchStart::kRows;
  std::size_t clause = 0;  // of kClause: its index
};

// Counts, up to a bound, the rows of the scopes and of clauses that an index knows.
Result<SearchPlan> choose_plan(Transaction& t, const SearchEntity& entity, const SearchQuery& query);

}  // namespace slipway
