// SHA-256 (FIPS 180-4) over OpenSSL.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace slipway {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  static std::optional<Digest> parse(std::string_view hex) noexcept;  // 64 hexadecimal digits
  std::string hex() const;
  auto operator<=>(const Digest&) const = default;
};

Digest sha256(std::span<const std::byte> data) noexcept;
Digest sha256(std::string_view data) noexcept;

// Streaming form, constant memory. finish() ends it; reset() starts the next.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::span<const std::byte> data) noexcept;
  void update(std::string_view data) noexcept;
  Digest finish() noexcept;
  void reset() noexcept;

 private:
  struct Free {
    void operator()(void* context) const noexcept;
  };
  std::unique_ptr<void, Free> context_;
};

}  // namespace slipway
