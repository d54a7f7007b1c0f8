// Finds one page of a search: the filter, the order and the keyset condition become one SELECT, whose text is ours
// alone; everything a client wrote is an argument of it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "registry/page.h"
#include "storage/sql.h"
#include "tracking/search_entity.h"
#include "tracking/search_filter.h"

namespace slipway {

// A row is looked at where all columns of one of the scopes equal their values: {{"e.experiment_id", "0"},
// {"e.lifecycle_stage", "active"}}. A scope without columns is every row; no scope at all is none. No
// row may be in two scopes.
using SearchScope = std::vector<std::pair<std::string, SqlValue>>;

struct SearchRequest {
  std::string_view filter;
  std::span<const std::string> order_by;
  std::vector<SearchScope> scopes = {{}};
  std::size_t limit = 100;
  std::size_t limit_max = 1000;
  std::string_view token;
};

// Rows have the columns of the entity, in its order. Errors: those of search_filter.h; invalid_argument
// "search.invalid_limit", "search.invalid_token" (made up, or of another search); those of storage/sql.h.
Result<Page<Row>> search_page(Transaction& t, const SearchEntity& entity, const SearchRequest& request);

// The same of what is parsed already. Clauses and orders may also be about groups that the entity does not have.
struct SearchQuery {
  std::vector<SearchClause> clauses;
  std::vector<SearchOrder> orders;  // never empty; no two rows are equal under them
  std::vector<SearchScope> scopes = {{}};
  SqlArguments arguments;  // of $1, $2, … in the texts of the entity and of groups
  std::size_t limit = 100;
  std::size_t limit_max = 1000;
  std::string_view token;
  std::int64_t rows_few = 1000;  // with fewer in the scopes, each is tried: faster than any plan
};
Result<Page<Row>> search_page(Transaction& t, const SearchEntity& entity, const SearchQuery& query);

}  // namespace slipway
