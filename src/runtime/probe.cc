#include "runtime/probe.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <new>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "runtime/batch_proof.h"
#include "runtime/model_files.h"
#include "runtime/onnx_model.h"
#include "runtime/sandbox.h"

namespace slipway {
namespace {

// Peak resident memory of this process image. getrusage() would also count the parent that it was forked from.
class MemoryMeter {
 public:
  MemoryMeter() : fd_(::open("/proc/self/status", O_RDONLY | O_CLOEXEC)) {}
  ~MemoryMeter() {
    if (fd_ >= 0) ::close(fd_);
  }
  MemoryMeter(const MemoryMeter&) = delete;
  MemoryMeter& operator=(const MemoryMeter&) = delete;

  std::uint64_t peak_bytes() const {
    std::array<char, 4096> buffer{};
    const ssize_t size = ::pread(fd_, buffer.data(), buffer.size(), 0);
    const std::string_view text(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    const std::size_t line = text.find("VmHWM:");
    if (line == std::string_view::npos) return 0;
    const std::size_t digits = text.find_first_of("0123456789", line);
    std::uint64_t kibibytes = 0;
    if (digits != std::string_view::npos) std::from_chars(text.data() + digits, text.data() + text.size(), kibibytes);
    return kibibytes * 1024;
  }

 private:
  int fd_;
};

std::uint32_t seconds_above(std::uint32_t milliseconds) { return milliseconds / 1000 + 1; }

// A report that the shell redirects into a file must still be written.
std::uint64_t file_bytes_needed(std::uint64_t report_bytes) {
  struct stat status {};
  return ::fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode)
             ? static_cast<std::uint64_t>(status.st_size) + report_bytes
             : 0;
}

tl::unexpected<Error> too_little_memory(const ProbeSettings& settings) {
  return fail(Code::kFailedPrecondition, "model.probe_memory",
              "the model needs more memory than the " + std::to_string(settings.memory_bytes_max >> 20) +
                  " MiB that a probe may use (memory_bytes_max)");
}

std::string suite_directory(const ProbeSettings& settings) {
  if (!settings.suite_directory.empty()) return settings.suite_directory;
  const auto slash = settings.suite.rfind('/');
  return slash == std::string::npos ? "." : settings.suite.substr(0, slash + 1);
}

Result<ProbeReport> load_and_run(const std::string& path, const ProbeSettings& settings, const ReadSuite& read_suite,
                                 std::shared_ptr<const OnnxRuntime> runtime, const MemoryMeter& memory,
                                 const SandboxReport& sandbox) {
  SLIPWAY_TRY(const ModelFiles files, open_model_files(path, settings.limits));
  RunSuite run_suite;
  if (!settings.suite.empty()) {
    SLIPWAY_TRY(run_suite, read_suite(settings.suite, suite_directory(settings)));
  }
  SLIPWAY_CHECK(forbid_opening_files(sandbox));
  ProbeReport report;
  report.runtime_version = runtime->version();
  report.has_seccomp = sandbox.has_seccomp;
  report.has_own_network = sandbox.has_own_network;
  const std::uint64_t before = memory.peak_bytes();
  const auto start = std::chrono::steady_clock::now();
  SLIPWAY_TRY(const auto model, OnnxModel::load(std::move(runtime), files.source(),
                                                {.limits = settings.limits, .prove_batch_axis = false}));
  report.load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  const BatchProof proof = prove_batch_axis(*model);
  if (proof.failure && proof.failure->code == Code::kResourceExhausted) return fail(*proof.failure);
  report.memory_peak_bytes = memory.peak_bytes() - before;
  report.run_us = proof.run_us;
  if (proof.failure) report.run_failure = proof.failure->message;
  report.signature = with_proof(model->signature(), proof);
  report.summary = model->summary();
  if (run_suite) report.suite = run_suite(*model);
  return report;
}

Status write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written <= 0) return fail(Code::kUnavailable, "probe.output", "the report cannot be written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

template <typename T>
Result<T> parse_number(const std::string& option, const std::string& text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return value;
  return fail(Code::kInvalidArgument, "probe.usage", option + " has " + quoted(text) + "; accepted is a whole number");
}

}  // namespace

Result<ProbeReport> probe_in_process(const std::string& path, const ProbeSettings& settings,
                                     const ReadSuite& read_suite) {
  // The library is ours and is opened first: afterwards nothing can be made executable any more.
  SLIPWAY_TRY(auto runtime, OnnxRuntime::open({.library_path = settings.runtime_library, .intra_threads = 1}));
  const MemoryMeter memory;
  SandboxLimits limits;
  limits.memory_bytes_max = settings.memory_bytes_max;
  limits.cpu_seconds_max = seconds_above(settings.time_limit_ms);
  limits.wall_seconds_max = seconds_above(settings.time_limit_ms);
  limits.file_bytes_max = file_bytes_needed(settings.output_bytes_max);
  limits.allow_without_seccomp = settings.allow_without_seccomp;
  SLIPWAY_TRY(const SandboxReport sandbox, enter_sandbox(limits));
  try {
    Result<ProbeReport> report = load_and_run(path, settings, read_suite, std::move(runtime), memory, sandbox);
    if (!report && report.error().code == Code::kResourceExhausted) return too_little_memory(settings);
    return report;
  } catch (const std::bad_alloc&) {
    return too_little_memory(settings);
  }
}

void run_probe_command(const ProbeArguments& arguments, const ReadSuite& read_suite) {
  const Result<ProbeReport> report = arguments.is_in_process
                                         ? probe_in_process(arguments.path, arguments.settings, read_suite)
                                         : probe_in_child("/proc/self/exe", arguments.path, arguments.settings);
  const bool is_json = arguments.is_json || arguments.is_in_process;
  Status written;
  if (report) {
    written = write_all(STDOUT_FILENO, is_json ? to_json(*report) + "\n" : describe(*report));
  } else if (is_json) {
    written = write_all(STDOUT_FILENO, to_json(report.error()) + "\n");
  } else {
    written = write_all(STDERR_FILENO, "refused (" + report.error().reason + "): " + report.error().message + "\n");
  }
  std::_Exit(report && written ? 0 : 1);
}

Result<ProbeArguments> parse_probe_arguments(const std::vector<std::string>& arguments) {
  ProbeArguments parsed;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const bool has_value = i + 1 < arguments.size();
    if (argument == "--json") {
      parsed.is_json = true;
    } else if (argument == "--in-process") {
      parsed.is_in_process = true;
    } else if (argument == "--allow-without-seccomp") {
      parsed.settings.allow_without_seccomp = true;
    } else if (argument == "--time-limit-ms" && has_value) {
      SLIPWAY_TRY(parsed.settings.time_limit_ms, parse_number<std::uint32_t>(argument, arguments[++i]));
    } else if (argument == "--memory-bytes-max" && has_value) {
      SLIPWAY_TRY(parsed.settings.memory_bytes_max, parse_number<std::uint64_t>(argument, arguments[++i]));
    } else if (argument == "--runtime-library" && has_value) {
      parsed.settings.runtime_library = arguments[++i];
    } else if (argument == "--tests" && has_value) {
      parsed.settings.suite = arguments[++i];
    } else if (argument == "--bundle" && has_value) {
      parsed.settings.suite_directory = arguments[++i];
    } else if (parsed.path.empty() && !argument.empty() && !argument.starts_with("--")) {
      parsed.path = argument;
    } else {
      return fail(Code::kInvalidArgument, "probe.usage", "probe does not know the argument " + quoted(argument));
    }
  }
  if (parsed.path.empty())
    return fail(Code::kInvalidArgument, "probe.usage", "probe needs the path of a model file or directory");
  return parsed;
}

std::vector<std::string> to_arguments(const ProbeArguments& arguments) {
  std::vector<std::string> text;
  if (arguments.is_json) text.emplace_back("--json");
  if (arguments.is_in_process) text.emplace_back("--in-process");
  text.insert(text.end(), {"--time-limit-ms", std::to_string(arguments.settings.time_limit_ms), "--memory-bytes-max",
                           std::to_string(arguments.settings.memory_bytes_max)});
  if (!arguments.settings.runtime_library.empty())
    text.insert(text.end(), {"--runtime-library", arguments.settings.runtime_library});
  if (!arguments.settings.suite.empty())
    text.insert(text.end(), {"--tests", arguments.settings.suite, "--bundle", suite_directory(arguments.settings)});
  if (arguments.settings.allow_without_seccomp) text.emplace_back("--allow-without-seccomp");
  text.push_back(arguments.path.starts_with("-") ? "./" + arguments.path : arguments.path);
  return text;
}

}  // namespace slipway
