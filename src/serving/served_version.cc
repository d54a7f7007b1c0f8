#include "serving/served_version.h"

#include <algorithm>

namespace slipway {

std::shared_ptr<const ServedVersion> ServedModel::find(std::string_view version) const {
  const auto found = std::find_if(versions.begin(), versions.end(), [&](const auto& candidate) {
    return candidate->version == version || candidate->number_text == version;
  });
  return found == versions.end() ? nullptr : *found;
}

}  // namespace slipway
