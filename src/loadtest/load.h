// Sends requests over HTTP/1.1 keep-alive connections, or gRPC, and measures the answers.
//
// Closed loop: each connection sends its next request when the last is answered. Open loop: requests are due at times
// that do not depend on the server, and latency counts from when a request was due, so that a stall is not forgiven
// (coordinated omission: Tene, "How NOT to measure latency", 2013).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "loadtest/arrivals.h"
#include "loadtest/latency.h"

namespace slipway::loadtest {

struct Request {
  std::string bytes;  // HTTP: head and body, as they go over the wire; gRPC: the message
  std::uint64_t rows = 1;
};

struct LoadSettings {
  std::string host;
  std::string port;
  std::vector<std::pair<std::string, std::string>> metadata;  // gRPC: sent with each call
  std::size_t connections = 16;                               // shared among the threads
  std::size_t threads = 1;
  double rate_per_s = 0;  // 0: closed loop
  Arrivals arrivals = Arrivals::kPoisson;
  std::chrono::nanoseconds warmup{0};   // requests due in it are sent, not counted
  std::chrono::nanoseconds duration{};  // measured, after the warm-up
  std::chrono::nanoseconds grace{};     // the longest wait for answers after the end
  std::uint64_t seed = 1;
  std::function<bool()> is_stopped;  // asked about 20 times a second, by each thread
};

struct LoadResult {
  LatencyHistogram latency;  // from when a request was due; requests never answered are in it with the time they waited
  LatencyHistogram service;  // from when a request was sent to its answer
  std::uint64_t succeeded = 0;
  std::uint64_t rows = 0;  // of the answers that succeeded
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  // "429 admission.full" or "resource_exhausted admission.full", "connection", "no_answer"
  std::map<std::string, std::uint64_t> errors;
  double seconds = 0;  // what was measured of the duration
  std::uint64_t failed() const noexcept;
};

// Both block. invalid_argument if there is no request, connection or thread, or more threads than connections.

// unavailable "bench.unreachable" if the host has no address.
Result<LoadResult> run_http_load(const std::vector<Request>& requests, const LoadSettings& settings);
// Calls inference.GRPCInferenceService/ModelInfer, one call at a time on each connection.
Result<LoadResult> run_grpc_load(const std::vector<Request>& requests, const LoadSettings& settings);

}  // namespace slipway::loadtest
