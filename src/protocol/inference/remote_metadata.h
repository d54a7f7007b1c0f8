// What another server says of itself and of a model.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "serving/remote.h"

namespace slipway {

// Behind `json` 64 bytes are readable. internal "remote.answer".
Result<RemoteServerMetadata> parse_server_metadata(std::string_view json);
Result<RemoteModelMetadata> parse_model_metadata(std::string_view json);

// The text of {"error": "…"} or {"error": {"message": "…"}}, "detail" or "message"; "" where there is none.
std::string remote_error_text(std::string_view json);

}  // namespace slipway
