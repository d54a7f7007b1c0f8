#include "cli/probe.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/context.h"
#include "runtime/probe.h"
#include "serving/probe_suite.h"

namespace slipway::cli {

void add_probe_command(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<ProbeArguments>();
  CLI::App* command = app.add_subcommand("probe", "Inspect, load and run a model once, in a sandbox; needs no server");
  command->footer(
      "The process gives up its network, its files and most system calls before it reads the model.\n"
      "A server tries every pushed model with this command, in a process of its own.\n\n"
      "Examples:\n  slipway probe model.onnx\n  slipway probe ./bundle --json --time-limit-ms 10000");
  ProbeSettings& settings = arguments->settings;
  command->add_option("path", arguments->path, "Model file, or directory that holds one")
      ->required()
      ->type_name("DIR|FILE");
  command->add_option("--time-limit-ms", settings.time_limit_ms, "Longest time for all of it")
      ->check(CLI::Range(1, 3'600'000))
      ->capture_default_str();
  command->add_option("--memory-bytes-max", settings.memory_bytes_max, "Most memory it may use")->capture_default_str();
  command->add_option("--runtime-library", settings.runtime_library, "ONNX Runtime to use instead of the installed one")
      ->type_name("FILE");
  command->add_option("--tests", settings.suite, "Test suite (JSON) to run as well")->type_name("FILE");
  command->add_option("--bundle", settings.suite_directory, "Where the paths of the suite's data begin")
      ->type_name("DIR")
      ->default_str("the suite's directory");
  command->add_flag("--allow-without-seccomp", settings.allow_without_seccomp,
                    "Go on where the kernel has no system call filter");
  command->add_flag("--in-process", arguments->is_in_process)
      ->group("");  // for the child that the command starts itself
  command->callback([arguments, &context] {
    arguments->is_json = context.options.is_json;
    run_probe_command(*arguments, &read_probe_suite);  // ends the process
  });
}

}  // namespace slipway::cli
