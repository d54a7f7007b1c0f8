// The names that tracking makes itself.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace slipway {

// Positive, under 19 digits, increases with time; within a process strictly. Two processes that make one in the same
// microsecond agree by a chance of 1 in 4096.
std::int64_t make_number(const Clock& clock, Random& random) noexcept;

// 32 hexadecimal digits that sort by time.
std::string make_hex_id(const Clock& clock, Random& random);

// "brave-heron-123"
std::string make_run_name(Random& random);

// "<location>/<part>/…", before a query or fragment that the location has.
std::string artifact_uri(std::string_view location, std::initializer_list<std::string_view> parts);

}  // namespace slipway
