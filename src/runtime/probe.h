// Tries a model that nobody vouches for: inspects, loads and runs it once, with no rights and little room.
//
// `slipway probe PATH` is run_probe_command(). A server never loads a model that has not passed probe_in_child(), which
// starts that command as a child process: whatever the model does there, the server goes on and can say what happened.
// The test suite of a model runs there as well, since its inputs are as strange as the model.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/probe_report.h"

namespace slipway {

struct ProbeSettings {
  std::uint32_t time_limit_ms = 60'000;
  std::uint64_t memory_bytes_max = std::uint64_t{8} << 30;   // address space of the child
  std::uint64_t output_bytes_max = std::uint64_t{16} << 20;  // of the report
  bool allow_without_seccomp = false;
  std::string runtime_library;  // see OnnxRuntimeOptions::library_path
  std::string suite;            // a test suite to run as well; "" for none
  std::string suite_directory;  // where the paths of its data begin; "" for the suite's own directory
  OnnxLimits limits;            // of probe_in_process(); a child uses the defaults
};

// A test suite that is read and waits for its model.
using RunSuite = std::function<SuiteOutcome(const LoadedModel&)>;
// Reads a test suite and its data, inside the sandbox and while it may still open files. What a suite is belongs to the
// registry, so whoever has one hands this in.
using ReadSuite = std::function<Result<RunSuite>(const std::string& suite, const std::string& directory)>;

// Enters the sandbox (for good: call it in a process that does nothing else), then inspects, loads and runs `path`: a
// model file, or a directory that holds one. Fails as inspect_onnx(), open_model_files(), OnnxModel::load(),
// enter_sandbox() and `read_suite` do; failed_precondition "model.probe_memory" when memory_bytes_max is not enough.
// Precondition: `read_suite` is set where settings.suite is.
Result<ProbeReport> probe_in_process(const std::string& path, const ProbeSettings& settings,
                                     const ReadSuite& read_suite = {});

// Runs `EXECUTABLE probe --in-process --time-limit-ms N --memory-bytes-max N [--runtime-library F] [--tests F --bundle
// D]
// [--allow-without-seccomp] PATH` with an empty environment and no open files, and waits for it. Besides what
// probe_in_process() refuses, fails with failed_precondition "model.probe_crashed", "model.probe_timeout" or
// "model.probe_memory". Blocks the calling thread, which must not end meanwhile (the child dies with it). Thread-safe.
// `executable`: "/proc/self/exe" is the running program, also after its file was replaced.
Result<ProbeReport> probe_in_child(const std::string& executable, const std::string& path,
                                   const ProbeSettings& settings = {});

struct ProbeArguments {
  std::string path;
  ProbeSettings settings;
  bool is_json = false;
  bool is_in_process = false;  // this process is the child
};

// What `slipway probe` does: probes in a child of its own, writes the report to standard output as one line of JSON or
// for people, and ends the process: 0 for a sound model, 1 for a refused one (the error as JSON on standard output, or
// as a sentence on standard error). With is_in_process it is that child: it writes JSON and runs no destructors on the
// way out, since it has held hostile data.
[[noreturn]] void run_probe_command(const ProbeArguments& arguments, const ReadSuite& read_suite = {});

// What follows `EXECUTABLE probe`. Fails with invalid_argument "probe.usage".
Result<ProbeArguments> parse_probe_arguments(const std::vector<std::string>& arguments);
std::vector<std::string> to_arguments(const ProbeArguments& arguments);

}  // namespace slipway
