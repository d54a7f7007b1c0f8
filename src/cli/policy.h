// `slipway policy …`.
#pragma once

namespace CLI {
class App;
}

namespace slipway::cli {

struct Context;
void add_policy_commands(CLI::App& app, Context& context);

}  // namespace slipway::cli
