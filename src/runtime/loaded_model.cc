#include "runtime/loaded_model.h"

namespace slipway {

std::optional<std::uint32_t> ModelSignature::find_output(std::string_view name) const noexcept {
  for (std::uint32_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].spec.name == name) return i;
  }
  return std::nullopt;
}

}  // namespace slipway
