#include "reproduce/members.h"

namespace slipway::reproduce {

Result<std::string> text(JsonMembers& members, std::string_view key) {
  SLIPWAY_TRY(const JsonValue value, members.require(key));
  SLIPWAY_TRY(const std::string_view found, value.text());
  return std::string(found);
}

Result<std::string> text_or_empty(JsonMembers& members, std::string_view key) {
  const auto value = members.take(key);
  if (!value) return std::string();
  SLIPWAY_TRY(const std::string_view found, value->text());
  return std::string(found);
}

}  // namespace slipway::reproduce
