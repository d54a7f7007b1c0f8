// "iris@1.2.0": a model, and where a command needs one, a version.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::cli {

struct ModelRef {
  std::string model;
  std::string version;  // "" when the text names none
};

// invalid_argument "cli.usage".
Result<ModelRef> parse_model_ref(std::string_view text);
Result<ModelRef> parse_version_ref(std::string_view text);  // the version must be there

// "/api/v1/models/iris/versions/1.2.0", percent-encoded.
std::string model_target(const ModelRef& ref);

}  // namespace slipway::cli
