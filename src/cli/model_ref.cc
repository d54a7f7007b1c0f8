#include "cli/model_ref.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "cli/exit_code.h"
#include "cli/http_client.h"

namespace slipway::cli {

Result<ModelRef> parse_model_ref(std::string_view text) {
  const std::size_t at = text.find('@');
  ModelRef ref{std::string(text.substr(0, at)), ""};
  if (at != text.npos) ref.version = text.substr(at + 1);
  if (ref.model.empty() || (at != text.npos && ref.version.empty())) {
    return usage_error(fmt::format("{} names no model; write NAME or NAME@VERSION", slipway::quoted(text)));
  }
  return ref;
}

Result<ModelRef> parse_version_ref(std::string_view text) {
  SLIPWAY_TRY(ModelRef ref, parse_model_ref(text));
  if (!ref.version.empty()) return ref;
  return usage_error(fmt::format("{} names no version; write {}@VERSION, for example {}@1.0.0", slipway::quoted(text),
                                 ref.model, ref.model));
}

std::string model_target(const ModelRef& ref) {
  std::string target = "/api/v1/models/" + percent_encoded(ref.model);
  if (!ref.version.empty()) target += "/versions/" + percent_encoded(ref.version);
  return target;
}

}  // namespace slipway::cli
