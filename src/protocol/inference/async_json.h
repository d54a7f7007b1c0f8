// How an asynchronous request reads for its caller.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "async/async_request.h"

namespace slipway {

std::string async_path(std::string_view id);  // "/v2/async/01a2…"

// {"id": "…", "status": "queued", "model_name": "iris", "model_version": "1.2.0", …}: "queued", "running", "succeeded"
// or "failed", with "error" then. `answer`: the JSON that a caller who waited would have got.
std::string async_json(const AsyncRequest& request, const std::optional<std::string>& answer = std::nullopt);

}  // namespace slipway
