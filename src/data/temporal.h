// Dates and times written as ISO 8601 (RFC 3339), the only spelling that a contract's date, timestamp and time accept.
#pragma once

#include <optional>
#include <string_view>

#include "data/contract.h"
#include "data/number.h"

namespace slipway {

// Nanoseconds since 1970-01-01T00:00:00Z (time: since midnight). date "2026-02-28"; timestamp "2026-02-28T09:30:00",
// with "T" or a blank, up to 9 decimals of a second and "Z" or an offset "+02:00" (UTC if absent); time "09:30:00.5".
// Years 0001 to 9999; no second 60. nullopt for anything else, impossible days included.
std::optional<WideInt> parse_temporal(LogicalType type, std::string_view text) noexcept;

}  // namespace slipway
