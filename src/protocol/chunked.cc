#include "protocol/chunked.h"

#include <algorithm>

namespace slipway {
namespace {

constexpr std::uint32_t kLineBytesMax = 4096;
constexpr std::uint64_t kSmallChunkBytes = 64;

tl::unexpected<HttpFailure> bad_chunk(std::string_view what) {
  return http_fail(400, Code::kInvalidArgument, "http.bad_chunk", "the chunked body " + std::string(what));
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_text(char c) noexcept { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F); }

}  // namespace

HttpResult<bool> ChunkedDecoder::step(char c, const HttpLimits& limits) {
  if (state_ != State::kSize && ++line_bytes_ > kLineBytesMax)
    return bad_chunk("has an extension or trailers over 4096 bytes");
  switch (state_) {
    case State::kSize:
      if (const int digit = hex_digit(c); digit >= 0) {
        if (++digits_ > 15) return bad_chunk("has a chunk size of more than 15 digits");
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        return true;
      }
      if (digits_ == 0) return bad_chunk("has a chunk whose size is not hexadecimal");
      if (c != '\r' && c != ';') return bad_chunk("has a chunk size that ends neither in CRLF nor in \";\"");
      state_ = c == '\r' ? State::kSizeEnd : State::kExtension;
      return true;
    case State::kExtension:
      if (c == '\r') {
        state_ = State::kSizeEnd;
      } else if (!is_text(c)) {
        return bad_chunk("has a control character in a chunk extension");
      }
      return true;
    case State::kSizeEnd:
      if (c != '\n') return bad_chunk("has a size line that does not end in CRLF");
      if (left_ > 0 && left_ < kSmallChunkBytes && ++small_chunks_ > limits.small_chunks_max) {
        return http_fail(413, Code::kResourceExhausted, "http.small_chunks_max",
                         "the body has more than " + std::to_string(limits.small_chunks_max) +
                             " chunks under 64 bytes (small_chunks_max); send larger chunks");
      }
      state_ = left_ > 0 ? State::kData : State::kTrailer;
      line_bytes_ = 0;
      digits_ = 0;
      return true;
    case State::kDataReturn:
      if (c != '\r') return bad_chunk("has a chunk longer than its size");
      state_ = State::kDataEnd;
      return true;
    case State::kDataEnd:
      if (c != '\n') return bad_chunk("has a chunk that does not end in CRLF");
      state_ = State::kSize;
      line_bytes_ = 0;
      return true;
    case State::kTrailer:
      if (c == '\r') {
        state_ = digits_ == 0 ? State::kLastEnd : State::kTrailerEnd;
      } else if (!is_text(c)) {
        return bad_chunk("has a control character in its trailers");
      } else {
        digits_ = 1;  // the line is not empty
      }
      return true;
    case State::kTrailerEnd:
      if (c != '\n') return bad_chunk("has a trailer that does not end in CRLF");
      state_ = State::kTrailer;
      digits_ = 0;
      return true;
    case State::kLastEnd:
      if (c != '\n') return bad_chunk("does not end in CRLF");
      state_ = State::kDone;
      return true;
    case State::kData:
    case State::kDone:
      break;
  }
  return true;
}

HttpResult<ChunkedDecoder::Step> ChunkedDecoder::feed(std::string_view input, const HttpLimits& limits) {
  Step result;
  while (result.consumed < input.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      const std::size_t size = std::min<std::uint64_t>(left_, input.size() - result.consumed);
      result.data = input.substr(result.consumed, size);
      result.consumed += size;
      left_ -= size;
      if (left_ == 0) state_ = State::kDataReturn;
      return result;
    }
    if (auto stepped = step(input[result.consumed], limits); !stepped)
      return tl::unexpected(std::move(stepped).error());
    ++result.consumed;
  }
  return result;
}

}  // namespace slipway
