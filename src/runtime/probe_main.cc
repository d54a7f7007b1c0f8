// The probe as a program of its own, for the tests of this folder; people type `slipway probe`.
//
// A model file named crash.onnx, forbidden.onnx, killed.onnx or noisy.onnx stands for a flaw in the runtime that nobody
// has found yet: the process misbehaves when it meets one. Its test suites are one word each.
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/probe.h"
#include "runtime/sandbox.h"

namespace {

void misbehave(const slipway::ProbeSettings& settings, const std::string& path) {
  const bool is_crash = path.ends_with("/crash.onnx");
  const bool is_forbidden = path.ends_with("/forbidden.onnx");
  const bool is_killed = path.ends_with("/killed.onnx");
  const bool is_noisy = path.ends_with("/noisy.onnx");
  if (!is_crash && !is_forbidden && !is_killed && !is_noisy) return;
  slipway::SandboxLimits limits;
  limits.memory_bytes_max = settings.memory_bytes_max;
  if (!slipway::enter_sandbox(limits)) return;
  if (is_crash) {
    std::signal(SIGSEGV, SIG_DFL);  // a sanitizer would catch it
    ::raise(SIGSEGV);
  }
  if (is_forbidden) ::socket(AF_INET, SOCK_STREAM, 0);
  if (is_killed) ::raise(SIGKILL);
  for (;;) {
    if (::write(STDOUT_FILENO, "0123456789abcdef", 16) < 0) return;
  }
}

// crash: dies; open: says whether it can still open a file; anything else passes and is in the report.
slipway::Result<slipway::RunSuite> read_suite(const std::string& path, const std::string& directory) {
  std::ifstream file(path);
  std::string word;
  if (!(file >> word)) return slipway::fail(slipway::Code::kNotFound, "suite.empty", path + " is empty");
  return [word, directory](const slipway::LoadedModel& model) -> slipway::SuiteOutcome {
    if (word == "crash") {
      std::signal(SIGSEGV, SIG_DFL);
      ::raise(SIGSEGV);
    }
    const bool is_passed = word != "open" || ::open(directory.c_str(), O_RDONLY) >= 0;
    const std::string inputs = std::to_string(model.signature().inputs.size());
    return {is_passed, std::string("{\"passed\":") + (is_passed ? "true" : "false") + ",\"word\":\"" + word +
                           "\",\"inputs\":" + inputs + ",\"value\":0.93}"};
  };
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> arguments(words + (count > 1 ? 2 : 1), words + count);
  const auto parsed = slipway::parse_probe_arguments(arguments);
  if (!parsed) {
    std::fprintf(stderr, "%s\n", parsed.error().message.c_str());
    return 2;
  }
  if (parsed->is_in_process) misbehave(parsed->settings, parsed->path);
  slipway::run_probe_command(*parsed, &read_suite);
}
