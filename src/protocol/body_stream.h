// Reads a StreamedBody, or a part of it, piece by piece. Its calls may block: they are made on a thread for files, one
// at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/digest.h"
#include "base/result.h"
#include "protocol/byte_range.h"
#include "protocol/http.h"

namespace slipway {

class BodyStream {
 public:
  // Precondition: `range` lies inside the body.
  BodyStream(StreamedBody body, const ByteRange& range);

  std::uint64_t left_bytes() const noexcept { return left_; }
  // Fills `into`; precondition: not more than is left. data_loss "http.body_short" when the body ends early,
  // "http.body_changed" instead of the last piece when the whole does not have its hash.
  Status read(std::span<std::byte> into);

 private:
  StreamedBody body_;
  std::uint64_t offset_;
  std::uint64_t left_;
  std::optional<Sha256> hasher_;
};

}  // namespace slipway
