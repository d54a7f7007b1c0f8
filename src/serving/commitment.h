// Commitments to inputs and outputs: what a record keeps of them instead of the data.
//
// commitment = SHA-256(salt || canonical form), salt = HMAC-SHA-256(server's commitment key, request id || side).
// Inputs of low entropy cannot be guessed from the log without the key; with it the server can prove later what it was
// asked and answered. Canonical form: per tensor, in order: name, 0x00, type byte, rank (u32), dimensions (i64), byte
// length (u64), bytes; for BYTES each element as u32 length and bytes. Integers little endian.
#pragma once

#include <span>

#include "base/digest.h"
#include "base/id.h"
#include "base/secret.h"
#include "base/tensor.h"

namespace slipway {

enum class CommitmentSide : std::uint8_t { kInput = 1, kOutput = 2 };

// Keeps its hashing state between calls; one for each thread.
class Committer {
 public:
  // Precondition: the key has 32 bytes.
  explicit Committer(const Secret& key);
  Digest commit(const Id& request, CommitmentSide side, std::span<const TensorView> tensors) noexcept;

 private:
  Digest salt(const Id& request, CommitmentSide side) noexcept;

  Sha256 inner_;
  Sha256 outer_;
  Sha256 body_;
  std::array<std::uint8_t, 64> inner_pad_;
  std::array<std::uint8_t, 64> outer_pad_;
};

}  // namespace slipway
