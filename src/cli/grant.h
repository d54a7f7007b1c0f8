// `slipway key grants|grant|revoke-grant`: what principals hold, beyond the grant that each key brings.
#pragma once

namespace CLI {
class App;
}

namespace slipway::cli {

struct Context;

void add_grant_commands(CLI::App& key, Context& context);

}  // namespace slipway::cli
