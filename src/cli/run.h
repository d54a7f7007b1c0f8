// `slipway run …`.
#pragma once

namespace CLI {
class App;
}

namespace slipway::cli {

struct Context;
void add_run_commands(CLI::App& app, Context& context);

}  // namespace slipway::cli
