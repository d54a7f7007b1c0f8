#include "app/remote_keys.h"

#include <cstdlib>

#include "app/secret_file.h"
#include "base/bytes.h"

namespace slipway {

Result<Secret> read_remote_key(const RemoteKey& key, const std::string& directory) {
  if (key.source == RemoteKey::Source::kEnvironment) {
    const char* value = std::getenv(key.name.c_str());
    if (value != nullptr && key.name.starts_with(kRemoteKeyPrefix)) return Secret(value);
    return fail(Code::kFailedPrecondition, "remote.key",
                "the environment of the server has no variable " + slipway::quoted(key.name));
  }
  if (directory.empty()) {
    return fail(Code::kFailedPrecondition, "remote.key",
                "the server has no directory of secrets; it is started with --remote-secrets DIRECTORY");
  }
  return load_secret_line(directory + "/" + key.name);
}

}  // namespace slipway
