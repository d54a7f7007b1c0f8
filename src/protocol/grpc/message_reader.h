// Reads one protobuf message that lies in memory, field by field, as views into it.
//
// The first error sticks: after it next() returns false and every read returns zero or nothing, so that a caller walks
// a message in one loop and asks has_failed() at the end. Groups, which proto3 does not have, are errors.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace slipway {

class MessageReader {
 public:
  enum class Wire : std::uint8_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

  explicit MessageReader(std::span<const std::byte> message) noexcept
      : at_(message.data()), end_(message.data() + message.size()) {}

  // Moves to the next field. False at the end of the message and after an error. What of a field is not read is passed
  // over.
  bool next() noexcept {
    if (at_ == end_ || has_failed_) return false;
    const std::uint64_t key = read_varint();
    field_ = static_cast<std::uint32_t>(key >> 3U);
    wire_ = static_cast<Wire>(key & 7U);
    if (key > UINT32_MAX || field_ == 0) return fail();
    switch (wire_) {
      case Wire::kVarint:
        scalar_ = read_varint();
        break;
      case Wire::kFixed64:
        scalar_ = read_fixed(8);
        break;
      case Wire::kFixed32:
        scalar_ = read_fixed(4);
        break;
      case Wire::kLength:
        bytes_ = take(read_varint());
        break;
      default:
        return fail();
    }
    return !has_failed_;
  }

  std::uint32_t field() const noexcept { return field_; }
  Wire wire() const noexcept { return wire_; }
  bool has_failed() const noexcept { return has_failed_; }

  // Of the current field; fails where it is encoded as something else.
  std::uint64_t varint() noexcept { return expect(Wire::kVarint) ? scalar_ : 0; }
  double number() noexcept { return std::bit_cast<double>(expect(Wire::kFixed64) ? scalar_ : 0); }
  std::span<const std::byte> bytes() noexcept { return expect(Wire::kLength) ? bytes_ : std::span<const std::byte>(); }
  std::string_view text() noexcept {
    const auto view = bytes();
    return {reinterpret_cast<const char*>(view.data()), view.size()};
  }

  // Calls visit(value) for each number of a repeated field, of which this is a packed part or a single element.
  template <typename Visit>
  void varints(Visit visit) noexcept {
    if (wire_ == Wire::kVarint) return visit(scalar_);
    MessageReader packed(bytes());
    while (packed.at_ != packed.end_ && !packed.has_failed_) {
      const std::uint64_t value = packed.read_varint();
      if (!packed.has_failed_) visit(value);
    }
    if (packed.has_failed_) fail();
  }
  // The little-endian bytes of the numbers, which are `width` bytes each: 4 or 8.
  std::span<const std::byte> fixed(std::size_t width) noexcept {
    if (wire_ == (width == 8 ? Wire::kFixed64 : Wire::kFixed32)) return {at_ - width, width};
    const auto packed = bytes();
    if (packed.size() % width == 0) return packed;
    fail();
    return {};
  }

 private:
  bool fail() noexcept {
    has_failed_ = true;
    return false;
  }

  bool expect(Wire wire) noexcept { return wire_ == wire ? !has_failed_ : fail(); }

  std::uint64_t read_varint() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(*at_++);
      value |= (byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    fail();
    return 0;
  }

  std::uint64_t read_fixed(std::size_t width) noexcept {
    const auto taken = take(width);
    std::uint64_t value = 0;
    if (!taken.empty()) std::memcpy(&value, taken.data(), width);  // little endian, as every machine this is built for
    return value;
  }

  std::span<const std::byte> take(std::uint64_t size) noexcept {
    if (size > static_cast<std::uint64_t>(end_ - at_)) {
      fail();
      return {};
    }
    const std::byte* start = at_;
    at_ += size;
    return {start, static_cast<std::size_t>(size)};
  }

  const std::byte* at_;
  const std::byte* end_;
  std::uint32_t field_ = 0;
  Wire wire_ = Wire::kVarint;
  bool has_failed_ = false;
  std::uint64_t scalar_ = 0;
  std::span<const std::byte> bytes_;
};

}  // namespace slipway
