// Which page of a list a request asks for: the query parameters limit and page_token.
#pragma once

#include "protocol/http.h"
#include "registry/page.h"

namespace slipway {

// invalid_argument "request.invalid_query", "page.invalid_limit".
Result<PageRequest> page_query(const HttpRequest& request);

}  // namespace slipway
