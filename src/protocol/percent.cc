#include "protocol/percent.h"

#include "base/bytes.h"

namespace slipway {
namespace {

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte of the escape at `at`, or -1.
int escaped_byte(std::string_view text, std::size_t at) noexcept {
  if (at + 2 >= text.size()) return -1;
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

tl::unexpected<Error> bad_path(std::string_view what) {
  return fail(Code::kInvalidArgument, "http.bad_path", "the path of the request " + std::string(what));
}

bool is_forbidden_in_path(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F || c == '\\' || c == ';' || c == '#';
}

Status check_segments(std::string_view path) {
  std::size_t start = 1;
  while (true) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view segment = path.substr(start, end - start);
    if (segment == "." || segment == "..") return bad_path("has a segment \".\" or \"..\"");
    if (segment.empty() && end != path.size()) return bad_path("has an empty segment (\"//\")");
    if (end == path.size()) return {};
    start = end + 1;
  }
}

}  // namespace

Result<std::string_view> decode_path(std::span<char> raw) {
  const std::string_view text(raw.data(), raw.size());
  if (text.empty() || text.front() != '/') return bad_path("does not start with \"/\"");
  std::size_t size = 0;
  bool is_ascii = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int byte = escaped_byte(text, i);
      if (byte < 0) return bad_path("has a broken escape; an escape is % and two hexadecimal digits");
      c = static_cast<char>(byte);
      if (c == '%') return bad_path("still has a \"%\" after decoding; names do not contain it");
      if (c == '/') return bad_path("has an encoded \"/\"; names do not contain it");
      i += 2;
    }
    if (is_forbidden_in_path(c)) return bad_path("has a control character or one of \\ ; #");
    is_ascii = is_ascii && static_cast<unsigned char>(c) < 0x80;
    raw[size++] = c;
  }
  const std::string_view path(raw.data(), size);
  if (!is_ascii && !is_utf8(path)) return bad_path("is not UTF-8");
  SLIPWAY_CHECK(check_segments(path));
  return path;
}

Result<std::string> decode_query_component(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '%') {
      out += raw[i] == '+' ? ' ' : raw[i];
      continue;
    }
    const int byte = escaped_byte(raw, i);
    if (byte <= 0) {
      return fail(
          Code::kInvalidArgument, "http.bad_query",
          "the query has a broken escape or a NUL in " + quoted(raw) + "; an escape is % and two hexadecimal digits");
    }
    out += static_cast<char>(byte);
    i += 2;
  }
  if (!is_utf8(out)) return fail(Code::kInvalidArgument, "http.bad_query", "the query has a value that is not UTF-8");
  return out;
}

Result<std::optional<std::string>> find_query_parameter(std::string_view query, std::string_view name) {
  std::optional<std::string> found;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    SLIPWAY_TRY(const std::string key, decode_query_component(pair.substr(0, equals)));
    if (key != name) continue;
    if (found) {
      return fail(Code::kInvalidArgument, "http.repeated_query_parameter",
                  "the query gives " + quoted(name) + " more than once; give it once");
    }
    SLIPWAY_TRY(found, decode_query_component(pair.substr(std::min(equals + 1, pair.size()))));
  }
  return found;
}

}  // namespace slipway
