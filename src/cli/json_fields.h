// Lenient reading of what the server answers: an absent member reads as empty, so that an older command line can show
// what a newer server says. Included by .cc files only: it brings Boost.JSON.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::cli {

namespace json = boost::json;

// unavailable "cli.bad_reply" when it is not one JSON document, or deeper than 64 levels.
Result<json::value> parse_json(std::string_view text);

// Text as it is, numbers and booleans spelled; "" for null, absent, arrays and objects.
std::string text_at(const json::object& object, std::string_view key);
// 0 when absent or not a non-negative integer.
std::uint64_t count_at(const json::object& object, std::string_view key);
// Empty when absent or of another type.
const json::object& object_at(const json::object& object, std::string_view key);
const json::array& array_at(const json::object& object, std::string_view key);
const json::object& as_object(const json::value& value);

}  // namespace slipway::cli
