// `slipway score`.
#pragma once

namespace CLI {
class App;
}

namespace slipway::cli {

struct Context;
void add_score_command(CLI::App& app, Context& context);

}  // namespace slipway::cli
