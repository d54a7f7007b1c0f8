// `slipway webhook`: who is told of what happens in the registry, and what became of it.
#pragma once

namespace CLI {
class App;
}

namespace slipway::cli {

struct Context;
void add_webhook_commands(CLI::App& app, Context& context);

}  // namespace slipway::cli
