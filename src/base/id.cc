#include "base/id.h"

#include <algorithm>
#include <span>

namespace slipway {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr bool is_dash_at(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Id Id::make(const Clock& clock, Random& random) noexcept {
  thread_local std::uint64_t last_millis = 0;
  thread_local std::uint32_t counter = 0;
  auto millis = static_cast<std::uint64_t>(clock.now().time_since_epoch().count() / 1000);
  if (millis > last_millis) {
    last_millis = millis;
    counter = static_cast<std::uint32_t>(random.next() & 0x3FF);  // leaves room to count up within the millisecond
  } else if (++counter > 0xFFF) {
    ++last_millis;  // RFC 9562, section 6.2: run ahead of the clock rather than repeat
    counter = 0;
  }
  millis = last_millis;

  Id id;
  random.fill(std::as_writable_bytes(std::span(id.bytes_).subspan(8)));
  for (std::size_t i = 0; i < 6; ++i) id.bytes_[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
  id.bytes_[6] = static_cast<std::uint8_t>(0x70 | (counter >> 8));
  id.bytes_[7] = static_cast<std::uint8_t>(counter);
  id.bytes_[8] = static_cast<std::uint8_t>((id.bytes_[8] & 0x3F) | 0x80);
  return id;
}

std::optional<Id> Id::parse(std::string_view text) noexcept {
  if (text.size() != 36) return std::nullopt;
  Id id;
  std::size_t nibble = 0;
  for (std::size_t i = 0; i < 36; ++i) {
    if (is_dash_at(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return std::nullopt;
    auto& byte = id.bytes_[nibble / 2];
    byte = static_cast<std::uint8_t>(byte | (nibble % 2 == 0 ? value << 4 : value));
    ++nibble;
  }
  return id;
}

void Id::write(char* out) const noexcept {
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = kHex[bytes_[i] >> 4];
    *out++ = kHex[bytes_[i] & 15];
  }
}

std::string Id::to_string() const {
  std::string text(36, '\0');
  write(text.data());
  return text;
}

}  // namespace slipway
