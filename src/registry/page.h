// Lists by the page: keyset pagination with opaque tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway {

struct PageRequest {
  std::size_t limit = 100;  // 1 … 1000
  std::string token;        // next_token of the page before; "" for the first
};

template <typename T>
struct Page {
  std::vector<T> items;
  std::string next_token;  // "" on the last page
};

constexpr std::size_t kPageLimitMax = 1000;

// invalid_argument "page.invalid_limit".
Status check_page_limit(std::size_t limit);

// A token names its list, so that one of another list is refused instead of giving a wrong place.
std::string make_page_token(std::string_view list, std::string_view last_key);
tl::unexpected<Error> invalid_page_token(std::string_view token);
// The key, "" for the first page. invalid_argument "page.invalid_token".
Result<std::string> parse_page_token(std::string_view list, std::string_view token);

}  // namespace slipway
