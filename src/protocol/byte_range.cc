#include "protocol/byte_range.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace slipway {
namespace {

constexpr std::string_view kUnit = "bytes=";

bool has_unit(std::string_view header) noexcept {
  return header.size() > kUnit.size() &&
         std::equal(kUnit.begin(), kUnit.end(), header.begin(),
                    [](char wanted, char c) { return wanted == (c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
}

// A number beyond 64 bits is beyond every body.
std::optional<std::uint64_t> number(std::string_view digits) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size() || error == std::errc::invalid_argument) return std::nullopt;
  return error == std::errc::result_out_of_range ? std::numeric_limits<std::uint64_t>::max() : value;
}

}  // namespace

ByteRange choose_range(std::string_view header, std::uint64_t size_bytes) noexcept {
  const ByteRange whole{ByteRange::Kind::kWhole, 0, size_bytes};
  const ByteRange unsatisfiable{ByteRange::Kind::kUnsatisfiable, 0, 0};
  if (!has_unit(header)) return whole;
  const std::string_view range = header.substr(kUnit.size());
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return whole;
  const auto before = number(range.substr(0, dash));
  const auto after = number(range.substr(dash + 1));
  if (dash == 0) {  // the last so many
    if (!after) return whole;
    if (*after == 0) return unsatisfiable;
    if (size_bytes == 0) return whole;  // satisfiable, yet no Content-Range can say so
    const std::uint64_t length = std::min(*after, size_bytes);
    return {ByteRange::Kind::kPart, size_bytes - length, length};
  }
  const bool is_open = dash + 1 == range.size();
  if (!before || (!after && !is_open) || (after && *after < *before)) return whole;
  if (*before >= size_bytes) return unsatisfiable;
  const std::uint64_t left = size_bytes - *before;
  return {ByteRange::Kind::kPart, *before, is_open || *after >= size_bytes ? left : *after - *before + 1};
}

}  // namespace slipway
