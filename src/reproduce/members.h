// Texts of a strictly read JSON object. Included by .cc files only: it brings simdjson.
#pragma once

#include <string>
#include <string_view>

#include "registry/strict_json.h"

namespace slipway::reproduce {

Result<std::string> text(JsonMembers& members, std::string_view key);
Result<std::string> text_or_empty(JsonMembers& members, std::string_view key);  // "" when it is absent

}  // namespace slipway::reproduce
