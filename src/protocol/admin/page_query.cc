#include "protocol/admin/page_query.h"

#include <charconv>

#include "base/bytes.h"

namespace slipway {

Result<PageRequest> page_query(const HttpRequest& request) {
  PageRequest page;
  SLIPWAY_TRY(const auto limit, request.query_parameter("limit"));
  if (limit && !limit->empty()) {
    const auto [end, error] = std::from_chars(limit->data(), limit->data() + limit->size(), page.limit);
    if (error != std::errc{} || end != limit->data() + limit->size()) {
      return fail(Code::kInvalidArgument, "request.invalid_query",
                  "query parameter limit: " + quoted(std::string_view(*limit)) + " is not a number");
    }
  }
  SLIPWAY_CHECK(check_page_limit(page.limit));
  SLIPWAY_TRY(const auto token, request.query_parameter("page_token"));
  page.token = token.value_or("");
  return page;
}

}  // namespace slipway
