// The command line of the one executable.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace slipway::cli {

// Adds a subcommand that sets its own exit code.
using AddCommand = std::function<void(CLI::App&, int& exit_code)>;

// Parses and runs one command line; `arguments` without the program's name. Returns the exit code (exit_code.h): never
// throws. `more` are the subcommands that need more than a client does.
int run(std::vector<std::string> arguments, std::ostream& out, std::ostream& err,
        const std::vector<AddCommand>& more = {});

}  // namespace slipway::cli
