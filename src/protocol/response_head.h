// Writes the head of a response.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/http.h"

namespace slipway {

struct ResponseFraming {
  std::uint64_t content_length = 0;
  bool keeps_alive = true;
  std::string_view content_encoding;  // "" for none
  std::string_view date;              // RFC 9110 section 5.6.7
};

// Replaces `out`. Line breaks inside header values become spaces, so that no value can start a header of its own.
void write_response_head(const HttpResponse& response, const Id& request_id, const ResponseFraming& framing,
                         std::string& out);

// "Tue, 24 Nov 2026 22:27:32 GMT"
std::string format_http_date(WallTime time);

}  // namespace slipway
