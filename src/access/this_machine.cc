#include "access/this_machine.h"

#include <algorithm>
#include <arpa/inet.h>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::string_view kAccepted =
    "; without authentication only requests to and from localhost, 127.0.0.1 or [::1] are accepted, so that no web "
    "page "
    "can reach this server";

bool is_port(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_localhost(std::string_view name) noexcept {
  constexpr std::string_view kName = "localhost";
  return std::equal(name.begin(), name.end(), kName.begin(), kName.end(),
                    [](char c, char lower) { return c == lower || (c >= 'A' && c <= 'Z' && c + 32 == lower); });
}

bool is_this_machine(std::string_view host) {
  if (const std::size_t colon = host.rfind(':'); colon != std::string_view::npos && !host.ends_with(']')) {
    if (!is_port(host.substr(colon + 1))) return false;
    host = host.substr(0, colon);
  }
  if (host == "[::1]" || is_localhost(host)) return true;
  in_addr address{};  // four numbers are never looked up, so they cannot be pointed elsewhere
  return inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

}  // namespace

Status check_from_this_machine(std::string_view host, std::string_view origin) {
  if (!is_this_machine(host)) {
    return fail(Code::kPermissionDenied, "access.foreign_host",
                "header host is " + quoted(host) + std::string(kAccepted));
  }
  if (origin.empty()) return {};
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme) && is_this_machine(origin.substr(scheme.size()))) return {};
  }
  return fail(Code::kPermissionDenied, "access.foreign_origin",
              "header origin is " + quoted(origin) + std::string(kAccepted));
}

}  // namespace slipway
