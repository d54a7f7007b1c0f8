// The HTTP/1.1 server: W I/O threads, each with its own event loop, its own listening socket on the shared port
// (SO_REUSEPORT) and its own Router; two pools of blocking threads for WorkerHandlers, one a WorkKind; threads for the
// bytes of spooled and file bodies.
//
// The calls of this class are made from one thread. Hooks run on I/O threads and must not block.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol/http.h"
#include "protocol/http_limits.h"

namespace slipway {

// PEM files. TLS 1.2 and 1.3.
struct TlsFiles {
  std::string certificate_chain;
  std::string private_key;
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // IPv4 or IPv6
  std::uint16_t port = 0;             // 0: one that is free
  unsigned io_threads = 1;
  unsigned worker_threads = 16;  // for WorkKind::kQuick
  unsigned heavy_threads = 2;    // for WorkKind::kHeavy
  HttpLimits limits;
  std::optional<TlsFiles> tls;
  bool has_trusted_proxy = false;  // a proxy in front ends TLS, so plain HTTP off loopback is meant
  std::string spool_directory;     // for BodyKind::kSpooled; must exist
  // After each response, with the time since the head of the request was complete. Requests that could not be parsed
  // have an empty path and route.
  std::function<void(unsigned thread, const HttpRequest&, int status, std::chrono::nanoseconds)> on_complete;
  std::function<void(unsigned thread)> on_second;  // about once a second on each I/O thread: to let go of old snapshots
};

// Plain HTTP is for loopback: fails with failed_precondition when the address is another, there is no TLS and no
// trusted proxy.
Status check_transport_security(const HttpServerOptions& options);

class HttpServer {
 public:
  // Binds and listens; connections wait until start(). `make_router` is called once for each I/O thread.
  static Result<std::unique_ptr<HttpServer>> listen(HttpServerOptions options,
                                                    const std::function<Router(unsigned thread)>& make_router);
  // Closes what is open and waits until every suspended handler has returned.
  ~HttpServer();

  std::uint16_t port() const noexcept;
  void start();
  // Stops accepting, lets requests in flight finish and closes idle connections; after `timeout` closes what is left.
  // True when nothing had to be cut off.
  bool drain(std::chrono::milliseconds timeout);
  std::size_t connections() const noexcept;
  std::size_t in_flight() const noexcept;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace slipway
