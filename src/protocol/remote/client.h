// Asks other servers over HTTP/1.1, in one thread of its own: connections are kept open and shared by all who ask.
//
// Every wait has an end and every answer a size. A request takes an idle connection or opens one; where an idle one
// turns out to be closed before a byte of an answer came, the request is sent once more on a new one, so only what may
// be sent twice goes through here (reads, and inference, which has no state). No redirects, no proxy, no compression;
// TLS is verified; no connection to an address that no server has (outbox/target_address.h).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "protocol/remote/origin.h"

namespace slipway {

struct RemoteClientOptions {
  std::string ca_file;  // certificates to trust, in PEM; "": the system's
  std::uint64_t answer_bytes_max = std::uint64_t{64} << 20;
  std::size_t connections_max = 256;  // of one origin, busy and idle
  std::chrono::milliseconds idle_max{30'000};
};

struct RemoteRequest {
  RemoteOrigin origin;
  std::string head;  // "POST /v2/models/iris/infer HTTP/1.1\r\n…\r\n\r\n"
  std::string body;
};

struct RemoteReply {
  int status = 0;
  std::string json_length;  // the header Inference-Header-Content-Length, "" when absent
  std::string body;         // 64 bytes behind it are readable
};

// Something to be done now and again.
class RemoteTick {
 public:
  virtual ~RemoteTick() = default;
  virtual void tick() = 0;  // on the client's thread; must be quick
};

class RemoteClient {
 public:
  // invalid_argument "remote.bad_ca_file".
  static Result<std::unique_ptr<RemoteClient>> start(RemoteClientOptions options, metrics::Registry& registry);
  ~RemoteClient();
  RemoteClient(const RemoteClient&) = delete;
  RemoteClient& operator=(const RemoteClient&) = delete;

  // Thread-safe. Calls `done` once, on the client's thread, at the deadline at the latest; it must be quick. Half of
  // the time, and at most two seconds, is for connecting; nine tenths for the first byte of the answer. Errors: those
  // of RemoteEndpoint::infer() that are not about the content.
  void send(RemoteRequest request, Monotonic deadline, std::function<void(Result<RemoteReply>)> done);

  // Calls work->tick() soon, and then every second while it is there. Thread-safe.
  void each_second(const std::shared_ptr<RemoteTick>& work);

  // Breaks off what is under way, which is answered unavailable "remote.unreachable", as is all that comes later.
  // Not on the client's thread, where the last who holds the client may let go of it afterwards.
  void stop();

 private:
  class Loop;
  explicit RemoteClient(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace slipway
