// Runs a program and waits for it. Never through a shell: arguments reach the program as they are.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::reproduce {

using Environment = std::map<std::string, std::string>;

// Of this process.
Environment this_environment();

// An absolute path: `name` itself when it holds a "/" (relative to `directory`), else the first executable file of that
// name in `search_path` ("/usr/bin:/bin"). "" when there is none.
std::string find_program(const std::string& name, const std::string& search_path, const std::string& directory);

struct ProcessSettings {
  std::vector<std::string> arguments;            // [0] is searched for in PATH of `environment`
  Environment environment = this_environment();  // all of it
  std::string directory = ".";
  std::chrono::milliseconds timeout{0};  // 0: none. What stands in the way is killed, with its children
  bool shares_terminal = false;          // reads this process's standard input; Ctrl-C reaches it directly
};

struct ProcessEnd {
  int exit_code = 0;  // 128 + N after signal N, as shells say it
  bool is_timed_out = false;
  bool is_interrupted = false;  // this process was told to end, and told the program
  bool is_success() const noexcept { return exit_code == 0 && !is_timed_out; }
};

using ByteSink = std::function<void(std::span<const std::byte>)>;

// not_found "process.not_found"; unavailable "process.failed" when it cannot be started.
Result<ProcessEnd> run_process(const ProcessSettings& settings, const ByteSink& out, const ByteSink& err);

struct CapturedEnd : ProcessEnd {
  std::string out;
  std::string err;  // the last 64 KiB
};

// resource_exhausted "process.too_much_output" when it prints more than `out_bytes_max`; cancelled "cli.interrupted".
Result<CapturedEnd> run_captured(const ProcessSettings& settings, std::size_t out_bytes_max = 64u << 20);

}  // namespace slipway::reproduce
