// Page tokens of searches: where the page ended, in the values that it was ordered by, and a fingerprint of the search,
// so that a token of another search is refused. Clients may make tokens up: each value is checked against its order.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/sql.h"
#include "tracking/search_filter.h"

namespace slipway {

// What a row has for one order. Values come first, in the order's direction; then NaN; then nothing.
struct SearchPlace {
  enum class Rank : std::uint8_t { kValue, kNan, kMissing };
  Rank rank = Rank::kValue;
  SqlValue value;  // where the rank is kValue: text, integer or real, as type_of(order.name) says
  bool operator==(const SearchPlace&) const = default;
};

// Whether rows may lack a value for this order, or have NaN.
bool may_be_missing(const SearchName& name);
bool may_be_nan(const SearchName& name);

std::string make_search_token(std::string_view list, std::string_view fingerprint, std::span<const SearchPlace> places);

// One place for each order. invalid_argument "search.invalid_token".
Result<std::vector<SearchPlace>> parse_search_token(std::string_view list, std::string_view fingerprint,
                                                    std::span<const SearchOrder> orders, std::string_view token);

}  // namespace slipway
