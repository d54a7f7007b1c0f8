// What the process says to the shell.
#pragma once

#include "base/result.h"

namespace slipway::cli {

enum ExitCode : int {
  kDone = 0,
  kRefused = 1,      // the server, or a check, said no; or it failed half way
  kUsage = 2,        // the command line is wrong
  kUnreachable = 3,  // no server answered
  kUndecided = 4,    // a reproduction could not be run, so that it says nothing
  kRejected = 5,     // a file was scored, but for rows that were rejected
};

constexpr std::string_view kUsageReason = "cli.usage";
constexpr std::string_view kUnreachableReason = "cli.unreachable";

ExitCode exit_code_of(const Error& error) noexcept;

// invalid_argument "cli.usage".
tl::unexpected<Error> usage_error(std::string message);

}  // namespace slipway::cli
