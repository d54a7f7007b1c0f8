// Decodes the chunked transfer coding (RFC 9112 section 7.1) without copying: feed() points at the data in its input.
// Strict: CRLF line ends, no space or sign in a size, extensions and trailers limited and ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/http_head.h"

namespace slipway {

class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;  // bytes of the input that are used up, data included
    std::string_view data;     // a piece of the body inside the input; may be empty
  };

  void reset() noexcept { *this = ChunkedDecoder(); }
  // One piece. Call again with the rest until nothing is consumed or is_complete().
  HttpResult<Step> feed(std::string_view input, const HttpLimits& limits);
  bool is_complete() const noexcept { return state_ == State::kDone; }

 private:
  enum class State : std::uint8_t {
    kSize,
    kExtension,
    kSizeEnd,
    kData,
    kDataReturn,
    kDataEnd,
    kTrailer,
    kTrailerEnd,
    kLastEnd,
    kDone
  };

  HttpResult<bool> step(char c, const HttpLimits& limits);

  std::uint64_t left_ = 0;  // of the chunk
  std::size_t small_chunks_ = 0;
  std::uint32_t line_bytes_ = 0;  // of a size line or of all trailers
  std::uint8_t digits_ = 0;
  State state_ = State::kSize;
};

}  // namespace slipway
