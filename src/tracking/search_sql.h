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

namespace slipway {

struct SearchRequest {
  // A row is looked at where all columns of one of the scopes equal their values: {{"e.experiment_id", "0"},
  // {"e.lifecycle_stage", "active"}}. No scope at all: none.
  using Scope = std::vector<std::pair<std::string, SqlValue>>;

  std::string_view filter;
  std::span<const std::string> order_by;
  std::vector<Scope> scopes = {{}};  // one without columns: every row
  SqlArguments arguments;            // of $1, $2, … in the texts of the entity
  std::size_t limit = 100;
  std::size_t limit_max = 1000;
  std::string_view token;
};

// Rows have the columns of the entity, in its order. Errors: those of search_filter.h; invalid_argument
// "search.invalid_limit", "search.invalid_token" (made up, or of another search); those of storage/sql.h.
Result<Page<Row>> search_page(Transaction& t, const SearchEntity& entity, const SearchRequest& request);

}  // namespace slipway
