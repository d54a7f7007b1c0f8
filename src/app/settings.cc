#include "app/settings.h"

#include <arpa/inet.h>
#include <charconv>
#include <filesystem>

#include "base/bytes.h"
#include "protocol/remote/origin.h"

namespace slipway {
namespace {

constexpr std::uint32_t kConnectionsMax = 1'000'000;  // a descriptor and some 40 KiB each
constexpr std::uint32_t kInFlightMax = 100'000;
constexpr std::uint64_t kPredictBodyBytesMax = 2ULL << 30;  // simdjson's limit is 4 GiB
constexpr std::uint64_t kBufferedBytesMax = 1ULL << 40;
constexpr std::uint64_t kCacheMemoryBytesMax = 1ULL << 40;
constexpr std::uint64_t kBlobBytesMax = 5ULL << 40;  // S3's largest object

Status refuse(std::string_view setting, const std::string& why) {
  return fail(Code::kInvalidArgument, "settings.invalid", std::string(setting) + ": " + why);
}

Status parse_address(std::string_view setting, const std::string& text, std::string& to_address,
                     std::uint16_t& to_port) {
  const auto colon = text.rfind(':');
  const std::string expected =
      quoted(std::string_view(text)) + " is not ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:0";
  if (colon == std::string::npos) return refuse(setting, expected);
  std::string address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  const std::string_view port_text = std::string_view(text).substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc{} || end != port_text.data() + port_text.size()) return refuse(setting, expected);
  if (address == "localhost") address = "127.0.0.1";
  in6_addr parsed{};
  if (inet_pton(AF_INET, address.c_str(), &parsed) != 1 && inet_pton(AF_INET6, address.c_str(), &parsed) != 1) {
    return refuse(setting, quoted(std::string_view(address)) + " is not an IPv4 or IPv6 address");
  }
  to_address = address;
  to_port = port;
  return {};
}

}  // namespace

bool is_loopback(const std::string& address) noexcept {
  if (address == "localhost" || address == "::1") return true;
  in_addr parsed{};
  return inet_pton(AF_INET, address.c_str(), &parsed) == 1 && (ntohl(parsed.s_addr) >> 24) == 127;
}

Status parse_listen_address(const std::string& text, Settings& settings) {
  return parse_address("--http", text, settings.http_address, settings.http_port);
}

Status parse_grpc_address(const std::string& text, Settings& settings) {
  settings.grpc_address.clear();
  if (text == "off") return {};
  return parse_address("--grpc", text, settings.grpc_address, settings.grpc_port);
}

Status check(const Settings& settings) {
  if (settings.data_directory.empty()) return refuse("--data", "a directory is needed");
  if (!settings.is_auth_on && !is_loopback(settings.http_address)) {
    return refuse("--auth", "off is allowed only on a loopback address; --http is " + settings.http_address +
                                ". Listen on 127.0.0.1, or turn authentication on");
  }
  if (!settings.is_auth_on && !settings.grpc_address.empty() && !is_loopback(settings.grpc_address)) {
    return refuse("--auth", "off is allowed only on a loopback address; --grpc is " + settings.grpc_address +
                                ". Listen on 127.0.0.1, or turn authentication on");
  }
  const bool has_tls = !settings.tls_certificate_file.empty();
  if (has_tls != !settings.tls_key_file.empty()) {
    return refuse("--tls-cert", "a certificate and a key (--tls-key) go together");
  }
  if (!is_loopback(settings.http_address) && !has_tls && !settings.is_behind_trusted_proxy) {
    return refuse("--http",
                  settings.http_address +
                      " is not a loopback address and would be served without encryption. Give --tls-cert and "
                      "--tls-key, or --trusted-proxy if a proxy in front ends TLS");
  }
  if (!settings.grpc_address.empty() && !is_loopback(settings.grpc_address) && !has_tls &&
      !settings.is_behind_trusted_proxy) {
    return refuse("--grpc",
                  settings.grpc_address +
                      " is not a loopback address and would be served without encryption. Give --tls-cert and "
                      "--tls-key, or --trusted-proxy if a proxy in front ends TLS");
  }
  if (settings.io_threads == 0 || settings.io_threads > 64) return refuse("--io-threads", "1 to 64 are accepted");
  if (settings.worker_threads == 0 || settings.worker_threads > 256)
    return refuse("--worker-threads", "1 to 256 are accepted");
  if (settings.heavy_threads == 0 || settings.heavy_threads > 64)
    return refuse("--heavy-threads", "1 to 64 are accepted");
  if (settings.runner_threads == 0 || settings.runner_threads > 64)
    return refuse("--runner-threads", "1 to 64 are accepted");
  if (settings.connections_max == 0 || settings.connections_max > kConnectionsMax)
    return refuse("--connections-max", "1 to 1,000,000 are accepted");
  if (settings.connections_per_address_max == 0 || settings.connections_per_address_max > kConnectionsMax)
    return refuse("--connections-per-address-max", "1 to 1,000,000 are accepted");
  if (settings.requests_in_flight_max == 0 || settings.requests_in_flight_max > kInFlightMax)
    return refuse("--in-flight-max", "1 to 100,000 are accepted");
  if (settings.predict_body_bytes_max == 0 || settings.predict_body_bytes_max > kPredictBodyBytesMax)
    return refuse("--predict-body-bytes-max", "1 byte to 2 GiB are accepted");
  if (settings.buffered_bytes_max < settings.predict_body_bytes_max || settings.buffered_bytes_max > kBufferedBytesMax)
    return refuse("--buffered-bytes-max", "--predict-body-bytes-max to 1 TiB are accepted");
  if (settings.blob_bytes_max == 0 || settings.blob_bytes_max > kBlobBytesMax)
    return refuse("--blob-bytes-max", "1 byte to 5 TiB are accepted");
  if (settings.cache_memory_bytes_max > kCacheMemoryBytesMax)
    return refuse("--cache-memory-bytes-max", "0 to 1 TiB are accepted");
  for (const std::string& remote : settings.remotes_allowed) {
    if (const auto allowance = parse_remote_allowance(remote); !allowance)
      return refuse("--remote-allow", allowance.error().message);
  }
  if (settings.remote_answer_bytes_max == 0 || settings.remote_answer_bytes_max > kPredictBodyBytesMax)
    return refuse("--remote-answer-bytes-max", "1 byte to 2 GiB are accepted");
  if (settings.load_threads == 0 || settings.load_threads > 64) return refuse("--load-threads", "1 to 64 are accepted");
  if (settings.approvals_required == 0 || settings.approvals_required > 16)
    return refuse("--approvals", "1 to 16 are accepted");
  return {};
}

}  // namespace slipway
