// The gRPC server: inference.GRPCInferenceService and grpc.health.v1.Health, on a port of their own.
//
// Threads, each with its own completion queue, Router and Predictor, as the I/O threads of the HTTP server have them;
// a call stays on the thread that took it. What the service knows besides predictions is asked of the REST dialect's
// routes. The calls of this class are made from one thread. Hooks run on the threads of the server and must not block.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/http.h"
#include "protocol/http_server.h"
#include "serving/predict.h"

namespace slipway {

struct GrpcServerOptions {
  std::string address = "127.0.0.1";  // IPv4 or IPv6
  std::uint16_t port = 0;             // 0: one that is free
  unsigned threads = 1;
  unsigned worker_threads = 2;                      // for what the routes do on threads that may block
  std::uint64_t message_bytes_max = 64ULL << 20;    // decompressed; larger ones are answered with RESOURCE_EXHAUSTED
  std::uint64_t buffered_bytes_max = 512ULL << 20;  // of all connections; what is above waits in the network
  std::size_t in_flight_max = 1'024;                // calls being answered: RESOURCE_EXHAUSTED above
  std::optional<TlsFiles> tls;
  std::function<bool()> is_ready;
  // After each call: its name within its service, "none" for what is not there.
  std::function<void(unsigned thread, std::string_view rpc, const HttpRequest&, Code, std::chrono::nanoseconds)>
      on_complete;
  std::function<void(unsigned thread)> on_second;  // about once a second on each thread: to let go of old snapshots
};

// Of one thread. The predictor outlives the server.
struct GrpcThreadParts {
  Router router;
  Predictor* predictor = nullptr;
};

class GrpcServer {
 public:
  // Binds and listens; calls wait until start().
  static Result<std::unique_ptr<GrpcServer>> listen(GrpcServerOptions options,
                                                    const std::function<GrpcThreadParts(unsigned thread)>& make_parts);
  // Cancels what runs and waits until every suspended handler has returned.
  ~GrpcServer();

  std::uint16_t port() const noexcept;
  void start();
  // Takes no more calls, ends streams that wait for their caller, lets the rest finish; cancels after `timeout` what is
  // left. True when nothing had to be cut off.
  bool drain(std::chrono::milliseconds timeout);
  std::size_t in_flight() const noexcept;

 private:
  struct State;
  explicit GrpcServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway
