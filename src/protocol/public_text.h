// What of an error's message leaves the server: where its files lie is for its log alone.
#pragma once

#include <string>
#include <string_view>

namespace slipway {

// Each absolute path of two parts and more becomes its last part: "cannot sync /var/lib/slipway/audit/segment-1.log"
// says "cannot sync segment-1.log". Pure; O(n).
std::string without_directories(std::string_view message);

}  // namespace slipway
