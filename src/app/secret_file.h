// Secrets in files that only their owner can read.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "base/secret.h"

namespace slipway {

// Random bytes, made on the first start. Precondition: size_bytes is at most 256. failed_precondition "app.secret_file"
// when the file has another size or others can read it.
Result<Secret> load_or_create_secret(const std::filesystem::path& path, std::size_t size_bytes);

// The first line of a file that somebody else wrote, up to 4 KiB. failed_precondition "app.secret_file" when it is
// empty or others can read it.
Result<Secret> load_secret_line(const std::filesystem::path& path);

}  // namespace slipway
