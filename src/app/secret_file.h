// A secret of random bytes in a file that only its owner can read; made on the first start.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "base/secret.h"

namespace slipway {

// Precondition: size_bytes is at most 256. failed_precondition "app.secret_file" when the file has another size or
// others can read it.
Result<Secret> load_or_create_secret(const std::filesystem::path& path, std::size_t size_bytes);

}  // namespace slipway
