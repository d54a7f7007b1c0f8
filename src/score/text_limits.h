// Limits of what is read of a text file at once. Internal to score/.
#pragma once

#include <cstddef>

namespace slipway::score {

inline constexpr std::size_t kRowBytesMax = std::size_t{16} << 20;
inline constexpr std::size_t kChunkBytesMax = std::size_t{4} << 20;  // a chunk that holds as much ends

}  // namespace slipway::score
