#include "protocol/remote/origin.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/bytes.h"
#include "outbox/target_address.h"

namespace slipway {
namespace {

constexpr std::string_view kLettersAndDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool is_made_of(std::string_view text, std::string_view more) noexcept {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return kLettersAndDigits.find(c) != std::string_view::npos || more.find(c) != std::string_view::npos;
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return out;
}

struct HostAndPort {
  std::string host;
  std::optional<std::uint16_t> port;
};

std::optional<HostAndPort> split(std::string_view authority) {
  HostAndPort found;
  std::string_view rest;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    found.host = lower(authority.substr(1, end - 1));
    rest = authority.substr(end + 1);
    if (!is_made_of(found.host, ":.")) return std::nullopt;
  } else {
    const auto colon = authority.find(':');
    found.host = lower(authority.substr(0, colon));
    if (colon != std::string_view::npos) rest = authority.substr(colon);
    if (!is_made_of(found.host, ".-_")) return std::nullopt;
  }
  if (found.host.empty() || found.host.size() > 255) return std::nullopt;
  if (rest.empty()) return found;
  rest.remove_prefix(1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), port);
  if (error != std::errc() || end != rest.data() + rest.size() || port == 0) return std::nullopt;
  found.port = port;
  return found;
}

}  // namespace

std::string RemoteOrigin::authority() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<RemoteOrigin> parse_remote_url(std::string_view url) {
  const auto refuse = [&] {
    return fail(Code::kInvalidArgument, "remote.bad_url",
                "url " + quoted(url, 128) +
                    " is not http://HOST[:PORT] or https://HOST[:PORT], perhaps with a path that stands before /v2");
  };
  RemoteOrigin origin;
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    origin.is_tls = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return refuse();
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const auto slash = std::min(rest.find('/'), rest.size());
  auto authority = split(rest.substr(0, slash));
  if (!authority) return refuse();
  origin.host = std::move(authority->host);
  origin.port = authority->port.value_or(origin.is_tls ? 443 : 80);
  origin.prefix = rest.substr(slash);
  if (!is_made_of(origin.prefix, "/-._~%") || url.size() > 2'048) return refuse();
  if (scope_of_host(origin.host) == AddressScope::kNever) {
    return fail(Code::kInvalidArgument, "remote.bad_url",
                "url " + quoted(url, 128) +
                    " holds an address that no server has (link-local, metadata service, multicast, reserved)");
  }
  return origin;
}

Result<RemoteAllowance> parse_remote_allowance(std::string_view text) {
  auto found = split(text);
  if (!found) {
    return fail(Code::kInvalidArgument, "remote.bad_allowance",
                quoted(text) + " is not HOST or HOST:PORT, such as triton.example:8000 or [::1]:8000");
  }
  return RemoteAllowance{std::move(found->host), found->port.value_or(0)};
}

bool is_allowed(const RemoteOrigin& origin, const std::vector<RemoteAllowance>& allowed) noexcept {
  return std::any_of(allowed.begin(), allowed.end(), [&](const RemoteAllowance& allowance) {
    return allowance.host == origin.host && (allowance.port == 0 || allowance.port == origin.port);
  });
}

std::string encode_segment(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_made_of({&c, 1}, "-._~")) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace slipway
