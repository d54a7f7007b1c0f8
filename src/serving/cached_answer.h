// An answer as the prediction cache keeps it: one block of bytes, the same in memory and in Redis, that is never
// changed.
//
// Layout, integers little endian, every part padded to 8 bytes: u32 format (1), u32 tensors, u64 time made (Unix
// microseconds), u64 nanoseconds that the run took; per tensor: u32 length of the name, u32 type, u32 rank, u32
// elements of BYTES, u64 bytes of data, name, dimensions (i64), data; of BYTES each element as u32 length and bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/tensor.h"

namespace slipway {

class CachedAnswer {
 public:
  // `run`: what it took to compute it, which a hit saves.
  static std::shared_ptr<const CachedAnswer> make(std::span<const TensorView> outputs, WallTime made,
                                                  std::chrono::nanoseconds run);
  // Null for bytes that are not a whole answer of this format.
  static std::shared_ptr<const CachedAnswer> parse(std::span<const std::byte> bytes);

  CachedAnswer(const CachedAnswer&) = delete;
  CachedAnswer& operator=(const CachedAnswer&) = delete;

  std::span<const TensorView> outputs() const noexcept { return outputs_; }  // live as long as the answer
  WallTime made() const noexcept { return made_; }
  std::chrono::nanoseconds run() const noexcept { return run_; }
  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  std::size_t memory_bytes() const noexcept;  // everything that it takes

 private:
  CachedAnswer() = default;
  bool read();

  std::vector<std::byte> bytes_;
  WallTime made_{};
  std::chrono::nanoseconds run_{};
  std::vector<TensorView> outputs_;
  std::vector<std::string_view> strings_;
};

}  // namespace slipway
