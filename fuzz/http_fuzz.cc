// The readers of HTTP: heads, chunks, compressed bodies and paths. Whatever the bytes and however they are split, they
// end in a result or a refusal with a reason, and never read or write out of bounds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <vector>

#include "protocol/body_intake.h"
#include "protocol/http_head.h"
#include "protocol/percent.h"
#include "protocol/trace_context.h"

namespace {

using namespace slipway;

constexpr std::size_t kBodyMax = 1 << 20;

void read_body(const RequestHead& head, std::string_view raw, std::size_t piece) {
  HttpLimits limits;
  PaddedBuffer out;
  BodyIntake intake;
  ContentCoding coding = ContentCoding::kIdentity;
  for (const auto& [name, value] : head.headers) {
    if (name == "content-encoding") coding = parse_content_coding(value).value_or(ContentCoding::kIdentity);
  }
  intake.begin(head, coding, kBodyMax, out);
  while (!intake.is_complete() && !raw.empty()) {
    const auto used = intake.feed(raw.substr(0, piece), std::numeric_limits<std::size_t>::max(), limits);
    if (!used) return;
    if (*used == 0) break;
    raw.remove_prefix(*used);
  }
  if (intake.decoded_bytes() > kBodyMax + out.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t piece = 1 + data[0];
  std::vector<char> bytes(data + 1, data + size);
  const HttpLimits limits;
  RequestHead head;
  std::size_t scanned = 0;
  std::size_t arrived = 0;
  while (arrived < bytes.size()) {
    arrived = std::min(arrived + piece, bytes.size());
    const auto parsed = parse_head(std::span(bytes.data(), arrived), limits, scanned, head);
    if (!parsed) {
      if (parsed.error().error.reason.empty() || parsed.error().status < 400) std::abort();
      return 0;
    }
    if (!*parsed) continue;
    if (head.size_bytes > arrived) std::abort();
    read_body(head, std::string_view(bytes.data(), bytes.size()).substr(head.size_bytes), piece);
    for (const auto& [name, value] : head.headers) {
      if (name == "traceparent") static_cast<void>(parse_traceparent(value));
      if (name == "accept-encoding") static_cast<void>(choose_coding(value));
    }
    static_cast<void>(find_query_parameter(head.query, "name"));
    const auto path = decode_path(head.target_path);
    if (path && (path->find("..") == 1 || path->find('\0') != std::string_view::npos)) {
      if (*path == "/.." || path->starts_with("/../")) std::abort();
    }
    break;
  }
  return 0;
}
