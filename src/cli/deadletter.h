// `slipway deadletter …`.
#pragma once

namespace CLI {
class App;
}

namespace slipway::cli {

struct Context;
void add_dead_letter_commands(CLI::App& app, Context& context);

}  // namespace slipway::cli
