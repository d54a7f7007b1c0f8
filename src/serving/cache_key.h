// What names an answer in the prediction cache: the same question of the same version has the same key.
//
//   salt = SHA-256(secret || format || endpoint || version digest || outputs asked for, in their order)
//   key  = SHA-256(salt || canonical form of the inputs, by name)            (commitment.h has the canonical form)
//
// Floats count by their bits. A keyed hash of 256 bits: nobody can make two questions share a key, and who reads a key
// cannot guess the inputs without the secret. Stores look entries up by the first 128 bits and compare all of them.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/secret.h"
#include "base/tensor.h"
#include "serving/commitment.h"

namespace slipway {

struct CacheKey {
  Digest digest;

  static constexpr std::size_t kNameBytes = 16;
  std::span<const std::uint8_t> name() const noexcept { return std::span(digest.bytes).first(kNameBytes); }
  // 64 of the bits, beginning at a byte.
  std::uint64_t bits(std::size_t from) const noexcept {
    std::uint64_t bits = 0;
    std::memcpy(&bits, digest.bytes.data() + from, sizeof bits);
    return bits;
  }
  bool operator==(const CacheKey&) const = default;
};
struct CacheKeyHash {
  std::size_t operator()(const CacheKey& key) const noexcept { return key.bits(0); }
};

// What is asked, but for the inputs.
struct CacheQuestion {
  std::string_view endpoint;
  const Digest& version;
  std::uint32_t outputs = 0;              // of the version
  std::span<const std::uint32_t> wanted;  // indices into them; empty for all
};

// Keeps its hashing state between calls; one for each thread. The secret outlives it.
class CacheKeyMaker {
 public:
  // Precondition: the secret has 32 bytes.
  explicit CacheKeyMaker(const Secret& secret) : secret_(secret), committer_(secret) {}
  CacheKey make(const CacheQuestion& question, std::span<const TensorView> inputs);

 private:
  const Secret& secret_;
  Sha256 hasher_;
  Committer committer_;
  std::vector<TensorView> sorted_;
  std::vector<std::uint32_t> all_;
};

}  // namespace slipway
