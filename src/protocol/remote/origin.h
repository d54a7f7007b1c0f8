// Where a remote is, and which remotes the operator lets this server ask.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway {

struct RemoteOrigin {
  bool is_tls = false;
  std::string host;  // lower case, an IPv6 address without brackets
  std::uint16_t port = 0;
  std::string prefix;  // of every path, as the URL spells it: "" or "/a/b"

  std::string authority() const;  // "triton:8000", "[::1]:8000"
  bool operator==(const RemoteOrigin&) const = default;
};

// http://HOST[:PORT][/PREFIX] or https, without user, query and fragment. invalid_argument "remote.bad_url", also for
// an address that no server has (outbox/target_address.h).
Result<RemoteOrigin> parse_remote_url(std::string_view url);

// HOST[:PORT] as the operator allows it: without a port, every port of the host.
struct RemoteAllowance {
  std::string host;
  std::uint16_t port = 0;  // 0: every
  bool operator==(const RemoteAllowance&) const = default;
};
// invalid_argument "remote.bad_allowance".
Result<RemoteAllowance> parse_remote_allowance(std::string_view text);

bool is_allowed(const RemoteOrigin& origin, const std::vector<RemoteAllowance>& allowed) noexcept;

// Everything but RFC 3986's unreserved characters as %XX: one segment of a path.
std::string encode_segment(std::string_view text);

}  // namespace slipway
