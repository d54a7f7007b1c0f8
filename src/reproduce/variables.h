// The environment of a recorded command, and of its reproduction. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "reproduce/process.h"

namespace slipway::reproduce {

struct ChosenVariables {
  std::map<std::string, std::string> values;
  std::vector<std::string> gaps;
};

// Of `environment`: the variables that steer numeric libraries, threads and text, and those that were asked for.
// invalid_argument "reproduce.secret" when one that was asked for is named like a secret or holds a password,
// "reproduce.variable" when it may not be set or is not there.
Result<ChosenVariables> choose_variables(const Environment& environment, const std::vector<std::string>& asked_for);

// PYTHONHASHSEED, since Python otherwise orders sets and texts anew in each run: what the user has set, else the seed,
// else 0. SLIPWAY_SEED when there is a seed.
std::map<std::string, std::string> choose_seeds(const Environment& environment, std::optional<std::uint64_t> seed);

// Values of the variables that are named like a secret.
std::vector<std::string> secret_values(const Environment& environment);

// What a reproduction takes from the machine that it runs on.
Environment machine_variables(const Environment& environment);

// `from`, where it is a path of its own or the begin of one ("from", "from/x", "--data=from/x", "x:from"), becomes
// `to`.
std::string with_path_replaced(std::string_view text, std::string_view from, std::string_view to);

}  // namespace slipway::reproduce
