// The SELECT of a page: the keys of its rows and what they are ordered by, then the rows themselves, so that a row
// which is not of the page is not read further than the filter and the order need it.
#pragma once

#include <span>

#include "tracking/search_plan.h"
#include "tracking/search_statement.h"
#include "tracking/search_token.h"

namespace slipway {

struct SearchPart {
  SearchPlan plan;
  SearchPlace::Rank rank = SearchPlace::Rank::kValue;  // of kOrder: only rows of this rank in the first order
  std::span<const SearchPlace> after;                  // empty from the beginning
  std::size_t limit = 0;
};

// Rows have the entity's columns, then rank and value of each order.
SearchStatement select_rows(const SearchEntity& entity, const SearchQuery& query, const SearchPart& part);

// Whether the database may look for the rows of a scope by its index. Not where it is to begin elsewhere: PostgreSQL
// takes a scope for a few rows until it has counted them, begins with it, and is a thousand times as slow.
enum class ScopeIndex : std::uint8_t { kUsed, kNotUsed };

// "(a = $1 AND b = $2 OR …)", or with IS NOT DISTINCT FROM, for which PostgreSQL uses no index.
void add_scopes(SearchStatement& statement, std::span<const SearchScope> scopes, ScopeIndex index);

}  // namespace slipway
