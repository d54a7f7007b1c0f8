#include "outbox/target_address.h"

#include <arpa/inet.h>
#include <cstring>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace slipway {
namespace {

constexpr auto kPublic = AddressScope::kPublic;
constexpr auto kPrivate = AddressScope::kPrivate;
constexpr auto kNever = AddressScope::kNever;

struct Case {
  const char* address;
  AddressScope scope;
};

// The registries of RFC 6890 as of 2026, and the metadata services of the large clouds; each block's first and last
// address, and its neighbours.
constexpr Case kCases[] = {
    {"1.1.1.1", kPublic},
    {"0.0.0.0", kNever},
    {"0.255.255.255", kNever},
    {"9.255.255.255", kPublic},
    {"10.0.0.0", kPrivate},
    {"10.255.255.255", kPrivate},
    {"11.0.0.0", kPublic},
    {"100.63.255.255", kPublic},
    {"100.64.0.0", kPrivate},
    {"100.100.100.200", kNever},
    {"100.127.255.255", kPrivate},
    {"100.128.0.0", kPublic},
    {"126.255.255.255", kPublic},
    {"127.0.0.1", kPrivate},
    {"127.255.255.255", kPrivate},
    {"128.0.0.0", kPublic},
    {"169.253.255.255", kPublic},
    {"169.254.169.254", kNever},
    {"169.255.0.0", kPublic},
    {"172.15.255.255", kPublic},
    {"172.16.0.0", kPrivate},
    {"172.31.255.255", kPrivate},
    {"172.32.0.0", kPublic},
    {"192.0.0.1", kNever},
    {"192.0.2.1", kNever},
    {"192.168.0.1", kPrivate},
    {"192.169.0.0", kPublic},
    {"198.18.0.0", kNever},
    {"198.19.255.255", kNever},
    {"198.20.0.0", kPublic},
    {"203.0.113.7", kNever},
    {"223.255.255.255", kPublic},
    {"224.0.0.1", kNever},
    {"255.255.255.255", kNever},
    {"::", kNever},
    {"::1", kPrivate},
    {"::2", kNever},
    {"::ffff:10.0.0.1", kPrivate},
    {"::ffff:169.254.169.254", kNever},
    {"::ffff:1.1.1.1", kPublic},
    {"64:ff9b::a00:1", kPrivate},
    {"64:ff9b::101:101", kPublic},
    {"2001::1", kNever},
    {"2001:200::1", kPublic},
    {"2001:db8::1", kNever},
    {"2002:a00:1::", kPrivate},
    {"2002:101:101::", kPublic},
    {"2606:4700:4700::1111", kPublic},
    {"3fff::1", kNever},
    {"fc00::1", kPrivate},
    {"fd00:ec2::254", kNever},
    {"fe80::1", kNever},
    {"ff02::1", kNever},
};

TEST(TargetAddress, KnowsTheScopeOfEachBlock) {
  for (const Case& one : kCases) {
    EXPECT_EQ(scope_of_host(one.address), one.scope) << one.address;
    sockaddr_storage storage{};
    if (std::strchr(one.address, ':') != nullptr) {
      sockaddr_in6 ipv6{};
      ipv6.sin6_family = AF_INET6;
      ASSERT_EQ(inet_pton(AF_INET6, one.address, &ipv6.sin6_addr), 1);
      std::memcpy(&storage, &ipv6, sizeof ipv6);
    } else {
      sockaddr_in ipv4{};
      ipv4.sin_family = AF_INET;
      ASSERT_EQ(inet_pton(AF_INET, one.address, &ipv4.sin_addr), 1);
      std::memcpy(&storage, &ipv4, sizeof ipv4);
    }
    EXPECT_EQ(scope_of(reinterpret_cast<const sockaddr&>(storage)), one.scope) << one.address;
  }
  sockaddr unix_socket{};
  unix_socket.sa_family = AF_UNIX;
  EXPECT_EQ(scope_of(unix_socket), kNever);
}

TEST(TargetAddress, AcceptsPublicUrls) {
  for (const char* url : {"https://example.org", "http://example.org:8080/hook?x=1", "https://[2606:4700::1]/",
                          "HTTPS://EXAMPLE.ORG/", "https://localhost.example.org/"}) {
    EXPECT_TRUE(check_target_url(url, false)) << url;
  }
}

// Every spelling of an address that libcurl would connect to.
TEST(TargetAddress, RefusesPrivateUrlsUnlessTheyAreAllowed) {
  for (const char* url :
       {"http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.0.0.1/", "http://0177.0.0.1/",
        "http://localhost:5000/", "http://LOCALHOST/", "http://localhost./", "http://a.localhost/", "http://[::1]/",
        "http://[::ffff:127.0.0.1]/", "http://10.1.2.3/", "https://192.168.1.1/", "http://[fd12::1]/"}) {
    const Status refused = check_target_url(url, false);
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(refused.error().reason, "outbox.invalid_url");
    EXPECT_TRUE(check_target_url(url, true)) << url;
  }
}

TEST(TargetAddress, RefusesWhatIsNoReceiver) {
  for (const std::string url : {"", "example.org", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/",
                                "https://", "https://user@example.org/", "https://user:pw@example.org/",
                                "https://example.org/#x", "http://169.254.169.254/latest/meta-data", "http://0.0.0.0/",
                                "http://0/", "http://[fe80::1%25eth0]/", "http://[::]/", "https://exa mple.org/",
                                "https://example.org:99999/", "http://[fd00:ec2::254]/", "http://224.0.0.1/"}) {
    EXPECT_FALSE(check_target_url(url, true)) << url;
  }
  EXPECT_FALSE(check_target_url("https://example.org/" + std::string(2048, 'x'), true));
  EXPECT_FALSE(check_target_url(std::string("https://example.org/\0x", 22), true));
}

}  // namespace
}  // namespace slipway
