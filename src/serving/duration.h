// Times as people write them in a policy: a number and its unit.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace slipway {

constexpr std::chrono::microseconds kLongestDuration = std::chrono::hours(1);
constexpr std::string_view kDurationRule = "must be a time such as 250us, 50ms, 2s or 1m, at most 60m";

// "250us", "50ms", "2s", "1.5m"; nullopt for anything else, for less than a microsecond and more than kLongestDuration.
std::optional<std::chrono::microseconds> parse_duration(std::string_view text);

}  // namespace slipway
