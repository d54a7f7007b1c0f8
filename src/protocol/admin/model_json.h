// How models and versions are written as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "registry/manifest.h"
#include "registry/model.h"

namespace slipway {

// Everything the API tells of one version.
struct VersionDetails {
  Version version;
  Manifest manifest;
  std::vector<Approval> approvals;
  std::int64_t approvals_required = 0;
};

void write_version(JsonWriter& json, const Version& version);  // the short form, of lists
std::string version_json(const VersionDetails& details);

}  // namespace slipway
