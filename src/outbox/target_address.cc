#include "outbox/target_address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <cstring>
#include <curl/curl.h>
#include <memory>
#include <netinet/in.h>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::size_t kUrlBytesMax = 2048;

struct Ipv4Block {
  std::uint32_t prefix;
  int bits;
  AddressScope scope;
};

constexpr std::uint32_t ipv4(unsigned a, unsigned b, unsigned c, unsigned d) { return a << 24 | b << 16 | c << 8 | d; }

// The first that holds the address counts.
constexpr Ipv4Block kIpv4Blocks[] = {
    {ipv4(100, 100, 100, 200), 32, AddressScope::kNever},  // a cloud's metadata service
    {ipv4(0, 0, 0, 0), 8, AddressScope::kNever},          {ipv4(10, 0, 0, 0), 8, AddressScope::kPrivate},
    {ipv4(100, 64, 0, 0), 10, AddressScope::kPrivate},    {ipv4(127, 0, 0, 0), 8, AddressScope::kPrivate},
    {ipv4(169, 254, 0, 0), 16, AddressScope::kNever},     {ipv4(172, 16, 0, 0), 12, AddressScope::kPrivate},
    {ipv4(192, 0, 0, 0), 24, AddressScope::kNever},       {ipv4(192, 0, 2, 0), 24, AddressScope::kNever},
    {ipv4(192, 88, 99, 0), 24, AddressScope::kNever},     {ipv4(192, 168, 0, 0), 16, AddressScope::kPrivate},
    {ipv4(198, 18, 0, 0), 15, AddressScope::kNever},      {ipv4(198, 51, 100, 0), 24, AddressScope::kNever},
    {ipv4(203, 0, 113, 0), 24, AddressScope::kNever},     {ipv4(224, 0, 0, 0), 4, AddressScope::kNever},
    {ipv4(240, 0, 0, 0), 4, AddressScope::kNever},
};

AddressScope scope_of_ipv4(std::uint32_t address) noexcept {
  for (const Ipv4Block& block : kIpv4Blocks) {
    if ((address ^ block.prefix) >> (32 - block.bits) == 0) return block.scope;
  }
  return AddressScope::kPublic;
}

using Ipv6 = std::array<std::uint8_t, 16>;

bool starts_with(const Ipv6& address, std::initializer_list<std::uint8_t> bytes) noexcept {
  return std::equal(bytes.begin(), bytes.end(), address.begin());
}

std::uint32_t ipv4_at(const Ipv6& address, std::size_t offset) noexcept {
  return ipv4(address[offset], address[offset + 1], address[offset + 2], address[offset + 3]);
}

AddressScope scope_of_ipv6(const Ipv6& address) noexcept {
  constexpr Ipv6 kLoopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  constexpr Ipv6 kMetadata{0xFD, 0x00, 0x0E, 0xC2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
  if (address == kLoopback) return AddressScope::kPrivate;
  if (address == kMetadata) return AddressScope::kNever;
  if (starts_with(address, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF})) return scope_of_ipv4(ipv4_at(address, 12));
  if (starts_with(address, {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0})) return scope_of_ipv4(ipv4_at(address, 12));
  if (starts_with(address, {0x20, 0x02})) return scope_of_ipv4(ipv4_at(address, 2));      // 6to4
  if ((address[0] & 0xFE) == 0xFC) return AddressScope::kPrivate;                         // unique local
  if ((address[0] & 0xE0) != 0x20) return AddressScope::kNever;                           // no global unicast
  if (starts_with(address, {0x20, 0x01}) && address[2] < 2) return AddressScope::kNever;  // protocols, Teredo
  if (starts_with(address, {0x20, 0x01, 0x0D, 0xB8})) return AddressScope::kNever;        // documentation
  if (starts_with(address, {0x3F, 0xFF}) && address[2] < 0x10) return AddressScope::kNever;
  return AddressScope::kPublic;
}

Ipv6 bytes_of(const in6_addr& address) noexcept {
  Ipv6 bytes{};
  std::memcpy(bytes.data(), &address, bytes.size());
  return bytes;
}

tl::unexpected<Error> refuse(std::string_view url, std::string_view why) {
  return fail(Code::kInvalidArgument, "outbox.invalid_url", "url " + quoted(url, 128) + ": " + std::string(why));
}

struct FreeUrl {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

// One part as libcurl will use it: numbers of an IPv4 address in any spelling come out dotted. "" when there is none.
std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
  return text;
}

}  // namespace

AddressScope scope_of(const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET) {
    sockaddr_in ipv4_address{};
    std::memcpy(&ipv4_address, &address, sizeof ipv4_address);
    return scope_of_ipv4(ntohl(ipv4_address.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 ipv6_address{};
    std::memcpy(&ipv6_address, &address, sizeof ipv6_address);
    return scope_of_ipv6(bytes_of(ipv6_address.sin6_addr));
  }
  return AddressScope::kNever;
}

AddressScope scope_of_host(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost") || host == "localhost.") return AddressScope::kPrivate;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string text(host.substr(0, host.find('%')));  // without a zone
  in_addr ipv4_address{};
  if (inet_pton(AF_INET, text.c_str(), &ipv4_address) == 1) return scope_of_ipv4(ntohl(ipv4_address.s_addr));
  in6_addr ipv6_address{};
  if (inet_pton(AF_INET6, text.c_str(), &ipv6_address) == 1) return scope_of_ipv6(bytes_of(ipv6_address));
  return AddressScope::kPublic;
}

Status check_target_url(std::string_view url, bool allows_private) {
  constexpr std::string_view kExpected =
      "an http:// or https:// URL with a host, without user and fragment is accepted";
  if (url.size() > kUrlBytesMax) return refuse(url, "at most 2048 bytes are accepted");
  if (url.find('\0') != std::string_view::npos) return refuse(url, kExpected);
  const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, std::string(url).c_str(), 0) != CURLUE_OK)
    return refuse(url, kExpected);
  const std::string scheme = part_of(parsed.get(), CURLUPART_SCHEME);
  std::string host = part_of(parsed.get(), CURLUPART_HOST);
  std::transform(host.begin(), host.end(), host.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if ((scheme != "https" && scheme != "http") || host.empty()) return refuse(url, kExpected);
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT}) {
    if (!part_of(parsed.get(), part).empty()) return refuse(url, kExpected);
  }
  switch (scope_of_host(host)) {
    case AddressScope::kPublic:
      return {};
    case AddressScope::kPrivate:
      if (allows_private) return {};
      return refuse(url,
                    "it is an address of this machine or of a private network, which the server sends to only when "
                    "started with --webhook-private-networks on");
    case AddressScope::kNever:
      break;
  }
  return refuse(url, "it is an address that no receiver has (link-local, metadata service, multicast, reserved)");
}

}  // namespace slipway
