// Which keys an ObjectStore takes.
#pragma once

#include <string_view>

#include "base/result.h"

namespace slipway {

inline constexpr std::size_t kObjectKeyBytesMax = 900;      // S3 allows 1,024 with the store's own prefix
inline constexpr std::size_t kObjectSegmentBytesMax = 255;  // NAME_MAX

// Segments of [A-Za-z0-9._-] between slashes, none empty, "." or "..". invalid_argument "object.key" otherwise.
Status check_object_key(std::string_view key);

// The beginning of keys: its last segment may be empty or unfinished.
Status check_object_prefix(std::string_view prefix);

}  // namespace slipway
