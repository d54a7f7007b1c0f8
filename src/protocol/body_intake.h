// Takes the body of one request off the wire: its framing (length or chunks) and its content coding. No I/O of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "protocol/chunked.h"
#include "protocol/content_coding.h"
#include "protocol/http_head.h"
#include "protocol/padded_buffer.h"

namespace slipway {

class BodyIntake {
 public:
  // Decoded bytes are appended to `out`, which the caller may empty between calls. `bytes_max` counts decoded bytes.
  void begin(const RequestHead& head, ContentCoding coding, std::uint64_t bytes_max, PaddedBuffer& out);

  // Where the next bytes of the wire can be received without a copy, at most `piece_max`; empty when they need feed().
  std::span<std::byte> direct_space(std::size_t piece_max);
  void received_direct(std::size_t bytes) noexcept;

  // Uses up a prefix of `raw` and says how long it is; stops early when `out` holds `out_max` or more bytes.
  HttpResult<std::size_t> feed(std::string_view raw, std::size_t out_max, const HttpLimits& limits);

  bool is_complete() const noexcept;
  std::uint64_t decoded_bytes() const noexcept { return decoded_; }

 private:
  HttpResult<std::size_t> decode(std::string_view data, std::size_t out_max);
  HttpResult<std::size_t> append(std::string_view data);
  bool is_framing_complete() const noexcept;
  tl::unexpected<HttpFailure> too_large() const;

  PaddedBuffer* out_ = nullptr;
  std::uint64_t bytes_max_ = 0;
  std::uint64_t decoded_ = 0;
  std::uint64_t length_left_ = 0;
  bool is_chunked_ = false;
  ChunkedDecoder chunks_;
  std::optional<Inflater> inflater_;
  bool inflater_has_more_ = false;  // its output window was full
};

}  // namespace slipway
