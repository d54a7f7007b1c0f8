// Parses the head of an HTTP/1.x request (RFC 9112), strictly: what two implementations could read in two ways is
// refused, so that a proxy in front and this server always agree where a request ends (request smuggling).
//
// Refused: bare LF, obs-fold, space before ":", Content-Length with Transfer-Encoding, repeated or listed
// Content-Length, codings other than chunked, repeated singleton headers, no or two Host, control characters anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/http.h"
#include "protocol/http_limits.h"

namespace slipway {

// A failure of the protocol itself, with the status that HTTP has for it.
struct HttpFailure {
  int status = 400;
  Error error;
};
template <typename T>
using HttpResult = tl::expected<T, HttpFailure>;

inline tl::unexpected<HttpFailure> http_fail(int status, Code code, std::string_view reason, std::string message) {
  return tl::unexpected<HttpFailure>(HttpFailure{status, {code, std::string(reason), std::move(message), {}}});
}

// Views point into the parsed buffer. Reused: parse_head() clears it first.
struct RequestHead {
  Method method = Method::kGet;
  std::span<char> target_path;
  std::string_view query;
  std::vector<std::pair<std::string_view, std::string_view>> headers;  // names in lower case, values trimmed
  std::optional<std::uint64_t> content_length;
  bool is_chunked = false;
  bool keeps_alive = true;
  bool expects_continue = false;
  std::size_t size_bytes = 0;  // of the head, including the empty line

  bool has_body() const noexcept { return is_chunked || content_length.value_or(0) > 0; }
};

// True when `head` is filled, false when `buffer` does not hold the whole head yet. Lowers header names in place.
// `scanned` remembers how far earlier calls have looked for the end; 0 for a new request.
HttpResult<bool> parse_head(std::span<char> buffer, const HttpLimits& limits, std::size_t& scanned, RequestHead& head);

}  // namespace slipway
