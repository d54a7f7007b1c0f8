#include "registry/page.h"

#include "base/bytes.h"

namespace slipway {

Status check_page_limit(std::size_t limit) {
  if (limit >= 1 && limit <= kPageLimitMax) return {};
  return fail(Code::kInvalidArgument, "page.invalid_limit",
              "limit: " + std::to_string(limit) + "; accepted is 1 to " + std::to_string(kPageLimitMax));
}

std::string make_page_token(std::string_view list, std::string_view last_key) {
  const std::string plain = std::string(list) + ':' + std::string(last_key);
  return to_hex(std::vector<std::uint8_t>(plain.begin(), plain.end()));
}

Result<std::string> parse_page_token(std::string_view list, std::string_view token) {
  if (token.empty()) return std::string();
  const auto bytes = from_hex(token);
  const std::string prefix = std::string(list) + ':';
  if (bytes) {
    const std::string plain(bytes->begin(), bytes->end());
    if (plain.starts_with(prefix) && plain.size() > prefix.size()) return plain.substr(prefix.size());
  }
  return invalid_page_token(token);
}

tl::unexpected<Error> invalid_page_token(std::string_view token) {
  return fail(
      Code::kInvalidArgument, "page.invalid_token",
      "page token " + slipway::quoted(token) + " is not one of this list; ask for the first page without a token");
}

}  // namespace slipway
