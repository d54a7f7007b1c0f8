#include "base/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/bytes.h"

namespace slipway {
namespace {

template <typename T>
void append_number(std::string& out, T number) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_escaped(std::string& out, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[c & 15];
  }
}

bool needs_escape(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

bool is_plain(char c) noexcept { return static_cast<unsigned char>(c) < 0x80 && !needs_escape(c); }

// Whether eight characters are plain: true is certain, false is not. (Mycroft's test for a zero byte.)
bool are_plain(const char* text) noexcept {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kHighBits = 0x80 * kEach;
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  const std::uint64_t quotes = word ^ ('"' * kEach);
  const std::uint64_t backslashes = word ^ ('\\' * kEach);
  const std::uint64_t found = word | (word - 0x20 * kEach) | (quotes - kEach) | (backslashes - kEach);
  return (found & kHighBits) == 0;
}

// How many characters at the beginning are ASCII that stands for itself: mostly all.
std::size_t plain_length(std::string_view text) noexcept {
  std::size_t length = 0;
  while (length + 8 <= text.size() && are_plain(text.data() + length)) length += 8;
  while (length < text.size() && is_plain(text[length])) ++length;
  return length;
}

// The longest valid prefix wins; each byte that starts no valid character becomes U+FFFD.
void append_repaired(std::string& out, std::string_view text) {
  while (!text.empty()) {
    std::size_t size = 1;
    while (size <= 4 && size <= text.size() && !is_utf8(text.substr(0, size))) ++size;
    if (size > 4 || size > text.size()) {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
      continue;
    }
    if (size == 1 && needs_escape(text[0])) {
      append_escaped(out, text[0]);
    } else {
      out.append(text.substr(0, size));
    }
    text.remove_prefix(size);
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  if (plain_length(text) == text.size()) {
    out.append(text);
  } else if (!is_utf8(text)) {
    append_repaired(out, text);
  } else {
    std::size_t start = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (!needs_escape(text[i])) continue;
      out.append(text, start, i - start);
      append_escaped(out, text[i]);
      start = i + 1;
    }
    out.append(text, start);
  }
  out += '"';
}

void JsonWriter::separate() {
  if (needs_comma_) *out_ += ',';
  needs_comma_ = true;
}

JsonWriter& JsonWriter::begin_object() {
  separate();
  *out_ += '{';
  needs_comma_ = false;
  return *this;
}
JsonWriter& JsonWriter::end_object() {
  *out_ += '}';
  needs_comma_ = true;
  return *this;
}
JsonWriter& JsonWriter::begin_array() {
  separate();
  *out_ += '[';
  needs_comma_ = false;
  return *this;
}
JsonWriter& JsonWriter::end_array() {
  *out_ += ']';
  needs_comma_ = true;
  return *this;
}
JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(*out_, name);
  *out_ += ':';
  needs_comma_ = false;
  return *this;
}
JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_json_string(*out_, text);
  return *this;
}
JsonWriter& JsonWriter::value(bool flag) { return raw(flag ? "true" : "false"); }
JsonWriter& JsonWriter::null() { return raw("null"); }
JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  *out_ += json;
  return *this;
}
JsonWriter& JsonWriter::value(float number) {
  if (!std::isfinite(number)) return null();
  separate();
  append_number(*out_, number);
  return *this;
}
JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  append_number(*out_, number);
  return *this;
}
JsonWriter& JsonWriter::signed_value(std::int64_t number) {
  separate();
  append_number(*out_, number);
  return *this;
}
JsonWriter& JsonWriter::unsigned_value(std::uint64_t number) {
  separate();
  append_number(*out_, number);
  return *this;
}

}  // namespace slipway
