// Commitments to inputs and outputs: what a record keeps of them instead of the data.
//
//   salt       = SHA-256(server's commitment key || request id)
//   commitment = SHA-256(salt || side || canonical form)
//
// Inputs of low entropy cannot be guessed from the log without the key; with it the server can prove later what it was
// asked and answered. The salt is a keyed hash: what it hashes has one length and its value never leaves the server.
// Canonical form: per tensor, in order: name, 0x00, type byte, rank (u32), dimensions (i64), byte length (u64), bytes;
// for BYTES each element as u32 length and bytes. Integers little endian.
#pragma once

#include <array>
#include <span>

#include "base/digest.h"
#include "base/id.h"
#include "base/secret.h"
#include "base/tensor.h"

namespace slipway {

enum class CommitmentSide : std::uint8_t { kInput = 1, kOutput = 2 };

// Keeps its hashing state and memory between calls; one for each thread. The key outlives it.
class Committer {
 public:
  // Precondition: the key has 32 bytes.
  explicit Committer(const Secret& key);
  Digest salt(const Id& request) noexcept;
  Digest commit(const Digest& salt, CommitmentSide side, std::span<const TensorView> tensors) noexcept;

 private:
  void append(std::span<const std::byte> bytes) noexcept;
  void flush() noexcept;

  const Secret& key_;
  Sha256 hasher_;
  std::array<std::byte, 4096> gathered_;  // small pieces on their way into the hasher, which takes few calls better
  std::size_t gathered_bytes_ = 0;
};

}  // namespace slipway
