// CRC-32C (Castagnoli; RFC 3720, appendix B.4): detects torn and rotten bytes, proves nothing against an attacker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace slipway::audit {

// `crc`: result over the bytes before, 0 to begin with.
std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t crc = 0) noexcept;

}  // namespace slipway::audit
