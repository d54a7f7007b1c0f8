// slipway model pull: fetches a version's files and proves them against its digest.
//
// The directory appears complete and verified, or not at all: the files are gathered in a hidden directory beside it,
// which is renamed at the end and removed on failure and on Ctrl-C.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/context.h"
#include "cli/model_ref.h"
#include "registry/manifest.h"

namespace slipway::cli {

// `directory` must not exist.
Result<Manifest> fetch_bundle(const GlobalOptions& server, const ModelRef& version, const std::string& directory);
// The same, and says so.
Status pull_model(Context& context, const std::string& ref, const std::string& directory);

// The manifest in the server's description of a version, in canonical form or not; its digest must be `digest`.
// data_loss "bundle.wrong_digest", "bundle.bad_manifest".
Result<Manifest> manifest_of(std::string_view version_json);

}  // namespace slipway::cli
