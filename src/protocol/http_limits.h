// The limits of the HTTP server. Each is a setting of the same name; what happens over it stands beside it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace slipway {

struct HttpLimits {
  std::size_t connections_max = 10'000;             // 503 and close
  std::size_t connections_per_address_max = 1'024;  // 503 and close; no limit behind a trusted proxy
  std::size_t header_bytes_max = 16 * 1024;         // request line and headers: 431
  std::size_t header_count_max = 100;               // 431
  std::size_t small_chunks_max = 65'536;            // chunks under 64 bytes in one body: 413
  std::size_t in_flight_max = 1'024;                // requests being read or answered: 503 before the body is read
  std::uint64_t buffered_bytes_max = 512ULL << 20;  // of bodies in memory: 503, where their length is announced unread
  std::size_t spooled_bodies_max = 8;               // uploads at a time: 503 before the body is read
  std::size_t worker_queue_max = 256;               // requests waiting for a blocking thread of each kind: 503
  std::size_t kept_body_bytes_max = 1 << 20;  // a connection keeps a body buffer up to this size for its next request
  std::size_t compression_bytes_min = 2'048;  // smaller responses are not compressed
  std::uint32_t body_bytes_per_second_min = 1'024;  // slower, after body_timeout: 408 and close

  std::chrono::milliseconds header_timeout{10'000};  // from the first byte of a request to the end of its headers: 408
  std::chrono::milliseconds body_timeout{30'000};    // time a body has whatever its size
  std::chrono::milliseconds idle_timeout{75'000};    // between requests: close
  std::chrono::milliseconds write_timeout{30'000};   // without progress: close
  std::chrono::milliseconds linger_timeout{2'000};   // for the client to read the last response before the close
};

}  // namespace slipway
