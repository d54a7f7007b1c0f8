// `slipway reproduce`.
#pragma once

#include <string>

#include "reproduce/report.h"

namespace CLI {
class App;
}

namespace slipway::cli {

struct Context;
void add_reproduce_command(CLI::App& app, Context& context);

// For people. Pure.
std::string describe_reproduction(const reproduce::Report& report);

}  // namespace slipway::cli
