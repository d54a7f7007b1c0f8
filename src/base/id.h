// Identifiers made by us: UUID version 7 (RFC 9562, section 5.7), so that ids sort by time of creation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace slipway {

class Id {
 public:
  // Ids of one thread increase strictly, also within a millisecond (a 12-bit counter stands in rand_a).
  static Id make(const Clock& clock = system_clock(), Random& random = system_random()) noexcept;
  static std::optional<Id> parse(std::string_view text) noexcept;  // 36 characters, lower or upper case

  std::string to_string() const;
  void write(char* out) const noexcept;  // exactly 36 characters, no terminator
  const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
  auto operator<=>(const Id&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace slipway
