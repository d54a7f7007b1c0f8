// What the connections of one I/O thread share.
#pragma once

#include <atomic>
#include <functional>
#include <limits>
#include <string>

#include "protocol/address_count.h"
#include "protocol/http_server.h"
#include "protocol/worker_pool.h"

namespace slipway {

class Session;

// Shared by all I/O threads.
struct ServerState {
  static constexpr unsigned kFileThreads = 8;  // reads of a bucket wait for the network

  explicit ServerState(HttpServerOptions chosen)
      : options(std::move(chosen)),
        addresses(options.has_trusted_proxy ? std::numeric_limits<std::size_t>::max()
                                            : options.limits.connections_per_address_max),
        quick(std::max(1U, options.worker_threads), std::max<std::size_t>(1, options.limits.worker_queue_max)),
        heavy(std::max(1U, options.heavy_threads), std::max<std::size_t>(1, options.limits.worker_queue_max)),
        files(kFileThreads, 2 * options.limits.connections_max + 1) {}

  WorkerPool& workers(WorkKind kind) noexcept { return kind == WorkKind::kHeavy ? heavy : quick; }

  const HttpServerOptions options;
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> in_flight{0};
  std::atomic<std::size_t> spooled_bodies{0};
  std::atomic<std::uint64_t> buffered_bytes{0};
  std::atomic<bool> is_draining{false};
  AddressCount addresses;
  WorkerPool quick;
  WorkerPool heavy;
  WorkerPool files;  // two jobs a connection at most, so it is never full
};

struct ThreadContext {
  ServerState& server;
  unsigned index;
  Router router;
  Executor* executor = nullptr;
  std::function<void(std::function<void()>)> post;  // runs it on this I/O thread; thread-safe
  std::function<bool()> is_current;
  std::function<void(Session&)> on_closed;  // the session is over; it may be freed after this
  std::string date;                         // of this second, for responses
};

}  // namespace slipway
