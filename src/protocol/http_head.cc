#include "protocol/http_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "base/bytes.h"

namespace slipway {
namespace {

// Headers that decide how a request is read or who asks: a second one is never harmless.
constexpr std::array<std::string_view, 10> kSingletons = {
    "host",         "content-length", "transfer-encoding",
    "content-type", "authorization",  "content-encoding",
    "expect",       "traceparent",    "inference-header-content-length",
    "slipway-unit"};

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = table[static_cast<std::size_t>(c - 32)] = true;
  for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}
constexpr auto kIsToken = make_token_table();

bool is_token(char c) noexcept { return kIsToken[static_cast<unsigned char>(c)]; }

// Not allowed in the value of a header: all control characters but the tab.
constexpr std::array<bool, 256> make_control_table() {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = c != '\t';
  table[0x7F] = true;
  return table;
}
constexpr auto kIsControl = make_control_table();

bool has_control(std::string_view text) noexcept {
  bool found = false;
  for (const char c : text) found |= kIsControl[static_cast<unsigned char>(c)];  // no branch: almost never
  return found;
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool equals_lower(std::string_view text, std::string_view lower_case) noexcept {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return lower(a) == b; });
}

tl::unexpected<HttpFailure> malformed(std::string_view reason, std::string message) {
  return http_fail(400, Code::kInvalidArgument, reason, std::move(message));
}

HttpResult<bool> parse_request_line(std::span<char> line, RequestHead& head, bool& is_http_1_0) {
  const std::string_view text(line.data(), line.size());
  const std::size_t method_end = text.find(' ');
  const std::size_t target_end = text.rfind(' ');
  if (method_end == std::string_view::npos || target_end <= method_end + 1) {
    return malformed("http.bad_request_line", "the request line " + quoted(text) + " is not METHOD PATH HTTP/1.1");
  }
  const std::string_view version = text.substr(target_end + 1);
  is_http_1_0 = version == "HTTP/1.0";
  if (!is_http_1_0 && version != "HTTP/1.1") {
    if (!version.starts_with("HTTP/")) {
      return malformed("http.bad_request_line", "the request line " + quoted(text) + " does not end in HTTP/1.1");
    }
    return http_fail(505, Code::kUnimplemented, "http.version", "HTTP/1.1 is spoken here, not " + quoted(version));
  }
  const std::string_view name = text.substr(0, method_end);
  const auto method = parse_method(name);
  if (!method) {
    if (!std::all_of(name.begin(), name.end(), is_token)) {
      return malformed("http.bad_request_line", "the method " + quoted(name) + " is not a token");
    }
    return http_fail(501, Code::kUnimplemented, "http.method", "the method " + quoted(name) + " is not known");
  }
  head.method = *method;

  std::span<char> target = line.subspan(method_end + 1, target_end - method_end - 1);
  for (const char c : target) {
    if (c <= 0x20 || c == 0x7F)
      return malformed("http.bad_target", "the request target has a space or control character");
  }
  for (const std::string_view scheme : {"http://", "https://"}) {  // absolute form, RFC 9112 section 3.2.2
    const std::string_view whole(target.data(), target.size());
    if (!whole.starts_with(scheme)) continue;
    const std::size_t path = whole.find('/', scheme.size());
    if (path == std::string_view::npos) return malformed("http.bad_target", "the request target has no path");
    target = target.subspan(path);
    break;
  }
  const std::string_view whole(target.data(), target.size());
  const std::size_t question = std::min(whole.find('?'), whole.size());
  head.target_path = target.first(question);
  head.query = whole.substr(std::min(question + 1, whole.size()));
  return true;
}

HttpResult<bool> parse_header(std::span<char> line, RequestHead& head) {
  std::size_t colon = 0;
  while (colon < line.size() && is_token(line[colon])) {
    line[colon] = lower(line[colon]);
    ++colon;
  }
  const std::string_view text(line.data(), line.size());
  if (colon == 0 || colon == text.size() || text[colon] != ':') {
    return malformed("http.bad_header",
                     "the header line " + quoted(text) + " is not NAME: VALUE (folded lines are refused)");
  }
  std::size_t begin = colon + 1;
  std::size_t end = text.size();
  while (begin < end && (text[begin] == ' ' || text[begin] == '\t')) ++begin;
  while (end > begin && (text[end - 1] == ' ' || text[end - 1] == '\t')) --end;
  const std::string_view value = text.substr(begin, end - begin);
  if (has_control(value)) {
    return malformed("http.bad_header", "the header " + quoted(text.substr(0, colon)) + " has a control character");
  }
  head.headers.emplace_back(text.substr(0, colon), value);
  return true;
}

HttpResult<bool> read_content_length(std::string_view value, RequestHead& head) {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (value.empty() || value[0] == '-' || error != std::errc() || end != value.data() + value.size()) {
    return malformed("http.bad_content_length", "Content-Length is " + quoted(value) + ", not one decimal number");
  }
  head.content_length = length;
  return true;
}

bool lists(std::string_view value, std::string_view lower_case_token) noexcept {
  while (!value.empty()) {
    const std::size_t end = std::min(value.find(','), value.size());
    std::string_view item = value.substr(0, end);
    value.remove_prefix(std::min(end + 1, value.size()));
    while (item.starts_with(' ') || item.starts_with('\t')) item.remove_prefix(1);
    while (item.ends_with(' ') || item.ends_with('\t')) item.remove_suffix(1);
    if (equals_lower(item, lower_case_token)) return true;
  }
  return false;
}

HttpResult<bool> interpret(RequestHead& head, bool is_http_1_0) {
  std::uint32_t seen = 0;
  bool has_host = false;
  bool asks_close = is_http_1_0;
  for (const auto& [name, value] : head.headers) {
    for (std::size_t i = 0; i < kSingletons.size(); ++i) {
      if (kSingletons[i].size() != name.size() || kSingletons[i] != name) continue;
      if ((seen & (1U << i)) != 0) {
        return malformed("http.repeated_header", "the header " + quoted(name) + " stands there twice; send it once");
      }
      seen |= 1U << i;
    }
    if (name == "host") {
      has_host = true;
    } else if (name == "content-length") {
      if (auto read = read_content_length(value, head); !read) return read;
    } else if (name == "transfer-encoding") {
      if (is_http_1_0) return malformed("http.bad_transfer_encoding", "HTTP/1.0 has no Transfer-Encoding");
      if (!equals_lower(value, "chunked")) {
        return http_fail(501, Code::kUnimplemented, "http.transfer_encoding",
                         "Transfer-Encoding is " + quoted(value) + "; chunked is understood");
      }
      head.is_chunked = true;
    } else if (name == "connection") {
      if (lists(value, "close")) asks_close = true;
      if (is_http_1_0 && lists(value, "keep-alive")) asks_close = false;
    } else if (name == "expect") {
      if (!equals_lower(value, "100-continue")) {
        return http_fail(417, Code::kUnimplemented, "http.expect",
                         "Expect is " + quoted(value) + "; 100-continue is understood");
      }
      head.expects_continue = !is_http_1_0;
    }
  }
  if (head.is_chunked && head.content_length) {
    return malformed("http.two_lengths", "the request has Content-Length and Transfer-Encoding; send one of them");
  }
  if (!has_host && !is_http_1_0) return malformed("http.no_host", "the request has no Host header");
  head.keeps_alive = !asks_close;
  return true;
}

// The end of the head (behind its empty line), or npos.
std::size_t find_end(std::string_view text, std::size_t scanned) noexcept {
  const std::size_t from = scanned > 3 ? scanned - 3 : 0;
  const std::size_t found = text.find("\r\n\r\n", from);
  return found == std::string_view::npos ? found : found + 4;
}

bool has_bare_line_feed(std::string_view text, std::size_t scanned) noexcept {
  for (std::size_t at = text.find('\n', scanned); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return true;
  }
  return false;
}

}  // namespace

HttpResult<bool> parse_head(std::span<char> buffer, const HttpLimits& limits, std::size_t& scanned, RequestHead& head) {
  std::size_t skipped = 0;
  if (buffer.size() >= 2 && buffer[0] == '\r' && buffer[1] == '\n') skipped = 2;  // RFC 9112 section 2.2
  const std::string_view text(buffer.data() + skipped, buffer.size() - skipped);
  const std::size_t end = find_end(text, scanned);
  if (end == std::string_view::npos || end > limits.header_bytes_max) {
    if (text.size() > limits.header_bytes_max || end != std::string_view::npos) {
      return http_fail(
          431, Code::kResourceExhausted, "http.header_bytes_max",
          "the headers are larger than " + std::to_string(limits.header_bytes_max) + " bytes (header_bytes_max)");
    }
    if (has_bare_line_feed(text, scanned)) return malformed("http.bare_line_feed", "a line ends in LF without CR");
    scanned = text.size();
    return false;
  }

  head.headers.clear();
  head.content_length.reset();
  head.is_chunked = head.expects_continue = false;
  head.size_bytes = skipped + end;
  bool is_http_1_0 = false;
  std::size_t start = 0;
  while (start < end - 2) {
    const std::size_t line_end = text.find('\n', start);
    if (line_end == 0 || text[line_end - 1] != '\r')
      return malformed("http.bare_line_feed", "a line ends in LF without CR");
    const std::span<char> line = buffer.subspan(skipped + start, line_end - 1 - start);
    const bool is_first = start == 0;
    start = line_end + 1;
    if (!is_first && head.headers.size() == limits.header_count_max) {
      return http_fail(
          431, Code::kResourceExhausted, "http.header_count_max",
          "the request has more than " + std::to_string(limits.header_count_max) + " headers (header_count_max)");
    }
    auto parsed = is_first ? parse_request_line(line, head, is_http_1_0) : parse_header(line, head);
    if (!parsed) return parsed;
  }
  return interpret(head, is_http_1_0);
}

}  // namespace slipway
