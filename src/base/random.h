// Randomness as a port: secrets and ids come from the system, tests hand in a SeededRandom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace slipway {

class Random {
 public:
  virtual ~Random() = default;
  // Thread-safe.
  virtual void fill(std::span<std::byte> out) noexcept = 0;
  std::uint64_t next() noexcept;
};

// getrandom(2), buffered per thread; ends the process if the kernel has no randomness.
Random& system_random() noexcept;

// SplitMix64 (Steele et al. 2014). For tests and simulations only; not thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  void fill(std::span<std::byte> out) noexcept override;

 private:
  std::uint64_t state_;
};

}  // namespace slipway
