#include "access/this_machine.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

std::string reason(std::string_view host, std::string_view origin = "") {
  const Status status = check_from_this_machine(host, origin);
  return status ? "ok" : status.error().reason;
}

TEST(ThisMachine, IsWhatItsNamesAndAddressesSayWithAnyPort) {
  for (const std::string_view host :
       {"localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:1", "127.8.9.10:65535", "[::1]", "[::1]:8080"}) {
    EXPECT_EQ(reason(host), "ok") << host;
    EXPECT_EQ(reason("localhost", "http://" + std::string(host)), "ok") << host;
    EXPECT_EQ(reason("localhost", "https://" + std::string(host)), "ok") << host;
  }
}

TEST(ThisMachine, IsNoOtherHostWhateverItLooksLike) {
  for (const std::string_view host : {"",
                                      "evil.example",
                                      "evil.example:8080",
                                      "localhost.evil.example",
                                      "127.0.0.1.evil.example",
                                      "127.0.0.1x",
                                      "127.1",
                                      "localhost:",
                                      "localhost:80a",
                                      "localhost:8080:8080",
                                      "localhost@evil.example",
                                      "127.0.0.1:80@evil.example",
                                      "evil.example/localhost",
                                      "::1",
                                      "[::1]evil.example",
                                      "[::2]",
                                      "0.0.0.0",
                                      "10.0.0.1",
                                      "localhost ",
                                      " localhost"}) {
    EXPECT_EQ(reason(host), "access.foreign_host") << host;
    EXPECT_EQ(reason("localhost", "http://" + std::string(host)), "access.foreign_origin") << host;
  }
  for (const std::string_view origin : {"null", "localhost", "file://", "ftp://localhost", "http://localhost/"}) {
    EXPECT_EQ(reason("localhost", origin), "access.foreign_origin") << origin;
  }
}

}  // namespace
}  // namespace slipway
