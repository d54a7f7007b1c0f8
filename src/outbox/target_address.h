// Where the server may send what a user asked it to send: public addresses, unless the operator allows private ones.
//
// A URL is checked twice: its text when it is given, so that the user hears of it; and the address when a connection is
// opened, on exactly the address that is connected to, so that no name can be resolved to another one in between.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

struct sockaddr;

namespace slipway {

enum class AddressScope : std::uint8_t {
  kPublic,   // anyone's
  kPrivate,  // of this machine or the operator's network: loopback, RFC 1918, RFC 4193, shared (RFC 6598)
  kNever,    // no receiver of anything: link-local and metadata services, multicast, unspecified, documentation, …
};

// By the IANA special-purpose registries (RFC 6890). An IPv6 address that carries an IPv4 address is as that is.
AddressScope scope_of(const sockaddr& address) noexcept;
// Of an address in text, an IPv6 one with or without brackets; kPublic where it is a name, but for "localhost". Lower
// case.
AddressScope scope_of_host(std::string_view host);

inline bool is_allowed(AddressScope scope, bool allows_private) noexcept {
  return scope == AddressScope::kPublic || (scope == AddressScope::kPrivate && allows_private);
}

// http or https, a host, no user, no fragment, at most 2048 bytes, and no forbidden address in it.
// invalid_argument "outbox.invalid_url".
Status check_target_url(std::string_view url, bool allows_private);

}  // namespace slipway
