// W3C Trace Context, the traceparent header.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/http.h"

namespace slipway {

// Version 00 exactly; of later versions the first four fields (W3C Trace Context section 3.2.4). All-zero ids are
// invalid.
std::optional<TraceContext> parse_traceparent(std::string_view value) noexcept;
std::string format_traceparent(const TraceContext& trace);

// The trace of a request that came without one: its id is the request's, so that both find the same lines.
TraceContext start_trace(const Id& request_id) noexcept;

}  // namespace slipway
