// `slipway tune`.
#pragma once

namespace CLI {
class App;
}

namespace slipway::cli {

struct Context;
void add_tune_command(CLI::App& app, Context& context);

}  // namespace slipway::cli
