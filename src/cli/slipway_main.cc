#include <csignal>
#include <iostream>

#include "cli/cli.h"
#include "cli/serve.h"

int main(int count, char** words) {
  std::signal(SIGPIPE, SIG_IGN);  // a connection or a pipe that closes is an error of the call, not the end
  const std::vector<std::string> arguments(words + 1, words + count);
  return slipway::cli::run(arguments, std::cout, std::cerr, {&slipway::add_serve_command});
}
