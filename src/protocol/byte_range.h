// Which part of a body a Range header asks for (RFC 9110 section 14).
#pragma once

#include <cstdint>
#include <string_view>

namespace slipway {

struct ByteRange {
  enum class Kind : std::uint8_t { kWhole, kPart, kUnsatisfiable };
  Kind kind = Kind::kWhole;
  std::uint64_t first = 0;
  std::uint64_t length = 0;

  bool operator==(const ByteRange&) const = default;
};

// `header`: the field's value, "" for none. One range is taken. What is not understood, and several ranges, are ignored
// as section 14.2 allows: the whole is the answer.
ByteRange choose_range(std::string_view header, std::uint64_t size_bytes) noexcept;

}  // namespace slipway
