#include "protocol/address_count.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

AddressBytes v4(std::uint8_t last) { return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, last}; }
AddressBytes v6(std::uint8_t network, std::uint8_t last) {
  return {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, network, 1, 2, 3, 4, 5, 6, 7, last};
}

TEST(AddressCount, GivesEachAddressSoMany) {
  AddressCount count(2);
  EXPECT_TRUE(count.take(v4(1)));
  EXPECT_TRUE(count.take(v4(1)));
  EXPECT_FALSE(count.take(v4(1)));
  EXPECT_TRUE(count.take(v4(2)));
  count.give_back(v4(1));
  EXPECT_TRUE(count.take(v4(1)));
  EXPECT_FALSE(count.take(v4(1)));
}

TEST(AddressCount, AnIpv6NetworkIsOneClient) {
  AddressCount count(1);
  EXPECT_TRUE(count.take(v6(1, 1)));
  EXPECT_FALSE(count.take(v6(1, 2)));
  EXPECT_TRUE(count.take(v6(2, 1)));
}

}  // namespace
}  // namespace slipway
