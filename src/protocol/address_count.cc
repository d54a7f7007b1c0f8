#include "protocol/address_count.h"

#include <algorithm>

namespace slipway {
namespace {

AddressBytes client_of(AddressBytes address) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  const bool is_v4 = std::equal(kMapped.begin(), kMapped.end(), address.begin());
  if (!is_v4) std::fill(address.begin() + 8, address.end(), std::uint8_t{0});
  return address;
}

}  // namespace

bool AddressCount::take(const AddressBytes& address) {
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = counts_.try_emplace(client_of(address), 0);
  if (entry->second >= each_max_) return false;
  ++entry->second;
  return true;
}

void AddressCount::give_back(const AddressBytes& address) {
  const std::lock_guard lock(mutex_);
  const auto entry = counts_.find(client_of(address));
  if (entry != counts_.end() && --entry->second == 0) counts_.erase(entry);
}

}  // namespace slipway
