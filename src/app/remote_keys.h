// The secrets that requests to remotes carry: kept by the operator, named by policies and bundles.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "serving/remote_target.h"

namespace slipway {

// `directory`: of files that only their owner can read; "": there is none. failed_precondition "app.secret_file",
// "remote.key".
Result<Secret> read_remote_key(const RemoteKey& key, const std::string& directory);

}  // namespace slipway
