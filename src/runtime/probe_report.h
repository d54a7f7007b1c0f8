// What a probe found out about a model: the facts that a registry shows and that a server plans with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/loaded_model.h"
#include "runtime/onnx_inspect.h"

namespace slipway {

// What a test suite said of the model.
struct SuiteOutcome {
  bool is_passed = false;
  std::string report;  // one JSON object; "passed" in it says the same
};

// Of a model that answers on another server: what was asked, and what that server said of itself at the trial.
struct RemoteFacts {
  std::string url;
  std::string model;
  std::string version;  // "": the remote chooses
  std::string server;   // "triton 2.60.0"
  std::string platform;
  std::string metadata_digest;  // hexadecimal: of what it said of the model's inputs and outputs
  bool has_binary_tensors = false;
};

struct ProbeReport {
  std::optional<RemoteFacts> remote;  // nothing: the model is run here, and the summary describes it
  OnnxSummary summary;
  ModelSignature signature;
  std::string run_failure;  // "": it ran on generated rows; else why not
  double load_ms = 0;
  double run_us = 0;                    // shortest of a few runs on one row; 0 when it did not run
  std::uint64_t memory_peak_bytes = 0;  // what loading and running added to the process at its peak
  std::string runtime_version;
  bool has_seccomp = false;
  bool has_own_network = false;
  std::vector<std::string> warnings;  // for whoever reviews the version
  std::optional<SuiteOutcome> suite;  // nothing: none was asked for
};

// One line of JSON. "batch_axis" is 0 or null; "tests" is there with a suite.
std::string to_json(const ProbeReport& report);

// {"error": {"code": …, "reason": …, "message": …}}: what a probe says when it refuses.
std::string to_json(const Error& error);

// Reads either of the two; the error becomes the result's. Fails with data_loss "probe.bad_report" for anything else.
Result<ProbeReport> parse_probe_report(std::string_view json);

// For people: a few lines.
std::string describe(const ProbeReport& report);

}  // namespace slipway
