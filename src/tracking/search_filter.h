// Reads filters and orders as clients write them. Pure; linear in the text's length.
//
//   filter:  clause { AND clause }, where an AND too many is let pass
//   clause:  name operator value | name [NOT] IN ( 'text' { , 'text' } [,] ) | name IS [NOT] NULL
//   name:    [ group . ] key          key: letters, digits, _ . or any text in "…" or `…`
//   value:   'text' | "text" | number
//   order:   name [ ASC | DESC ]
//
// Keywords in any case. A quoted text ends at the next quote of its kind that is not doubled, and is taken as it
// stands: 'it''s' has two quotes inside, "it's" has one.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/sql.h"
#include "tracking/search_entity.h"

namespace slipway {

enum class SearchOperator : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kLike,   // % any characters, _ one
  kIlike,  // without regard to the case of A to Z
  kIn,
  kNotIn,
  kIsNull,
  kIsNotNull,
};

// What a clause or an order is about. Points into the entity it was parsed with.
struct SearchName {
  const SearchGroup* group = nullptr;
  const SearchField* field = nullptr;  // null in groups of any key
  std::string key;                     // "" where field is set
  bool operator==(const SearchName&) const = default;
};
SearchType type_of(const SearchName& name);

struct SearchClause {
  SearchName name;
  SearchOperator op = SearchOperator::kEqual;
  std::vector<SqlValue> values;  // one; several after IN and NOT IN; none after IS [NOT] NULL
};

struct SearchOrder {
  SearchName name;
  bool is_ascending = true;
};

// "" gives no clauses. invalid_argument "search.invalid_filter": the place in bytes, what was found there, what would
// be accepted.
Result<std::vector<SearchClause>> parse_search_filter(const SearchEntity& entity, std::string_view filter);

// With the entity's own orders after the client's: never empty, and no two rows are equal under it. invalid_argument
// "search.invalid_order"; also for a name given twice.
Result<std::vector<SearchOrder>> parse_search_order(const SearchEntity& entity, std::span<const std::string> order_by);

// The same for orders that are not written as text.
Result<std::vector<SearchOrder>> complete_search_order(const SearchEntity& entity, std::vector<SearchOrder> orders);

}  // namespace slipway
