// What another server says of itself and of a model.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"

namespace slipway {

struct RemoteServerMetadata {
  std::string name;
  std::string version;
  std::vector<std::string> extensions;
  bool has_binary_tensors() const noexcept;
};

struct RemoteModelMetadata {
  std::string name;
  std::string platform;
  std::vector<std::string> versions;
  std::vector<TensorSpec> inputs;  // may be empty: some servers do not know
  std::vector<TensorSpec> outputs;
};

// Behind `json` 64 bytes are readable. internal "remote.answer".
Result<RemoteServerMetadata> parse_server_metadata(std::string_view json);
Result<RemoteModelMetadata> parse_model_metadata(std::string_view json);

// The text of {"error": "…"} or {"error": {"message": "…"}}, "detail" or "message"; "" where there is none.
std::string remote_error_text(std::string_view json);

}  // namespace slipway
