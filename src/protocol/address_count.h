// How many connections each client has: one address, or one IPv6 network of 64 bits, which is what a client is given.
// Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>

namespace slipway {

// An IPv6 address, or an IPv4 one in its mapped form (RFC 4291 section 2.5.5.2).
using AddressBytes = std::array<std::uint8_t, 16>;

class AddressCount {
 public:
  explicit AddressCount(std::size_t each_max) : each_max_(each_max) {}

  // False when the client has all that one may have.
  bool take(const AddressBytes& address);
  void give_back(const AddressBytes& address);

 private:
  const std::size_t each_max_;
  std::mutex mutex_;
  std::map<AddressBytes, std::size_t> counts_;
};

}  // namespace slipway
