// Percent-decoding (RFC 3986 section 2.1) of paths and queries, strict and exactly once.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway {

// Decodes the path of a request target in place; the result is a prefix of `raw`. A path that could mean two things to
// two readers is refused: segments "", "." and "..", an encoded "/" or "%", NUL and other control characters, "\", ";",
// "#", and what is not UTF-8. An empty last segment (one trailing "/") is allowed.
Result<std::string_view> decode_path(std::span<char> raw);

// Decodes "a=b&c=d" for one name; "+" is a space, as forms write it. nullopt when absent; "" when it has no "=".
// Fails when the name is given twice, an escape is broken, or the value is not UTF-8 or contains NUL.
Result<std::optional<std::string>> find_query_parameter(std::string_view query, std::string_view name);

// One name or value of a query.
Result<std::string> decode_query_component(std::string_view raw);

}  // namespace slipway
