// `slipway lineage …`.
#pragma once

namespace CLI {
class App;
}

namespace slipway::cli {

struct Context;
void add_lineage_commands(CLI::App& app, Context& context);

}  // namespace slipway::cli
