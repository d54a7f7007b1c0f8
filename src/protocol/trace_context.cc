#include "protocol/trace_context.h"

#include <algorithm>
#include <span>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::size_t kSize = 55;  // 00-<32>-<16>-<2>

int lower_hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool read_hex(std::string_view text, std::span<std::uint8_t> out) noexcept {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = lower_hex_digit(text[2 * i]);
    const int low = lower_hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

bool is_zero(std::span<const std::uint8_t> bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view value) noexcept {
  if (value.size() < kSize || value[2] != '-' || value[35] != '-' || value[52] != '-') return std::nullopt;
  std::uint8_t version = 0;
  TraceContext trace;
  if (!read_hex(value.substr(0, 2), {&version, 1}) || version == 0xFF) return std::nullopt;
  if (version == 0 ? value.size() != kSize : value.size() > kSize && value[kSize] != '-') return std::nullopt;
  if (!read_hex(value.substr(3), trace.trace_id) || !read_hex(value.substr(36), trace.parent_id)) return std::nullopt;
  if (!read_hex(value.substr(53), {&trace.flags, 1})) return std::nullopt;
  if (is_zero(trace.trace_id) || is_zero(trace.parent_id)) return std::nullopt;
  return trace;
}

std::string format_traceparent(const TraceContext& trace) {
  return "00-" + to_hex(trace.trace_id) + "-" + to_hex(trace.parent_id) + "-" + to_hex({&trace.flags, 1});
}

TraceContext start_trace(const Id& request_id) noexcept {
  TraceContext trace;
  trace.trace_id = request_id.bytes();
  return trace;
}

}  // namespace slipway
