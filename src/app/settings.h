// Everything that can be set, with its default and its limit. One struct, filled by the command line of `slipway
// serve`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace slipway {

struct Settings {
  std::string data_directory;  // everything that is kept lies below it
  std::string http_address = "127.0.0.1";
  std::uint16_t http_port = 8080;  // 0: any free port, see ready_file
  std::string grpc_address;        // "": no gRPC
  std::uint16_t grpc_port = 8081;  // 0: any free port, see ready_file
  std::string ready_file;          // there while ready: {"http": "http://…", "grpc": "127.0.0.1:8081"}; "" for none
  bool is_auth_on = true;
  bool is_behind_trusted_proxy = false;  // a proxy ends TLS: allows a plain listener off loopback
  std::string tls_certificate_file;
  std::string tls_key_file;

  std::string database_uri;  // "": sqlite in the data directory
  std::string objects_uri;   // "": the data directory

  unsigned io_threads = 1;
  unsigned worker_threads = 16;  // for requests that read SQL
  unsigned heavy_threads = 2;    // for requests that take long: push, verify, files
  unsigned runner_threads = 1;   // per version that is too slow for the I/O thread
  unsigned approvals_required = 1;
  bool is_audit_strict = false;  // answer a prediction only after its record is durable

  std::uint64_t predict_body_bytes_max = 64ULL << 20;
  std::uint64_t buffered_bytes_max = 512ULL << 20;  // of bodies in memory, over all requests
  std::uint64_t blob_bytes_max = 16ULL << 30;
  std::uint32_t connections_max = 4096;
  std::uint32_t connections_per_address_max = 1024;  // none behind a trusted proxy
  std::uint32_t requests_in_flight_max = 1024;       // predictions admitted at once, over all models
  std::uint32_t runner_queue_max = 256;              // waiting for one version's runners
  std::chrono::milliseconds predict_timeout{30'000};
  std::chrono::microseconds inline_run_max{100};  // shorter runs happen on the I/O thread
  std::chrono::milliseconds drain_timeout{10'000};
  std::chrono::milliseconds probe_timeout{60'000};
  std::chrono::milliseconds reconcile_interval{2'000};
  std::string log_level = "info";

  unsigned load_threads = 2;                       // versions loaded at once
  std::chrono::milliseconds load_timeout{30'000};  // how long a caller waits for a version to be loaded
  bool loads_on_demand = false;                    // versions are loaded at their first request
  std::uint64_t models_memory_bytes_max = 0;       // of loaded versions, as estimated; 0: no limit

  std::uint64_t cache_memory_bytes_max = 64ULL << 20;  // of kept predictions, over all endpoints
  std::string cache_key_file;                          // shared by servers that share predictions; "": this one's own
  std::string redis_uri;                               // of kept predictions; "": none
  std::string redis_password_file;
  std::chrono::milliseconds redis_timeout{20};

  std::int64_t async_waiting_max = 10'000;  // requests without an answer yet, of all servers of the database
  unsigned async_concurrency = 8;           // of them, run at once by this server
  std::int64_t async_attempts_max = 8;
  std::chrono::milliseconds async_backoff{1'000};  // the bound of the first wait; it doubles up to a minute
  std::chrono::milliseconds async_lease{10'000};   // after which what a killed server ran is run again
  std::chrono::minutes async_answers_kept{24 * 60};
  std::chrono::minutes dead_letters_kept{30 * 24 * 60};

  bool may_webhooks_be_private = false;  // webhooks may name addresses of this machine and of private networks
  std::string webhook_ca_file;           // certificates that receivers are checked with, in PEM; "": the system's
  std::int64_t webhook_attempts_max = 15;
  std::chrono::milliseconds webhook_timeout{10'000};
  std::chrono::milliseconds webhook_backoff{1'000};  // the bound of the first wait; it doubles up to 10 minutes
  std::vector<std::string> remotes_allowed;          // HOST[:PORT] of other inference servers that may be asked
  std::string remote_ca_file;            // certificates that they are checked with, in PEM; "": the system's
  std::string remote_secrets_directory;  // of the keys that are sent to them; "": none
  std::uint64_t remote_answer_bytes_max = 64ULL << 20;

  std::string openlineage_url;       // where lineage events are sent; "": nowhere
  std::string openlineage_key_file;  // its first line is sent as a bearer token; "": none
};

// "127.0.0.1:8080", "[::1]:0", "localhost:8080" into address and port.
Status parse_listen_address(const std::string& text, Settings& settings);
// Of gRPC: the same, and "off".
Status parse_grpc_address(const std::string& text, Settings& settings);

// Refuses combinations that cannot work or are not safe, naming the setting.
Status check(const Settings& settings);

bool is_loopback(const std::string& address) noexcept;

}  // namespace slipway
