// `slipway serve`.
#pragma once

namespace CLI {
class App;
}

namespace slipway {

// Adds the subcommand; it sets `exit_code` when it was run.
void add_serve_command(CLI::App& app, int& exit_code);

}  // namespace slipway
