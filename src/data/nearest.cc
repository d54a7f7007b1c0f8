#include "data/nearest.h"

#include <algorithm>
#include <array>

namespace slipway {
namespace {

constexpr std::size_t kWordBytesMax = 64;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::size_t edit_distance(std::string_view left, std::string_view right) {
  if (left.size() > kWordBytesMax || right.size() > kWordBytesMax) return std::max(left.size(), right.size());
  using Line = std::array<std::size_t, kWordBytesMax + 1>;
  std::array<Line, 3> lines{};  // this line and the two before it, in rotation
  for (std::size_t j = 0; j <= right.size(); ++j) lines[0][j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    Line& line = lines[i % 3];
    const Line& before = lines[(i + 2) % 3];
    const Line& before_that = lines[(i + 1) % 3];
    line[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const bool same = lower(left[i - 1]) == lower(right[j - 1]);
      line[j] = std::min({before[j] + 1, line[j - 1] + 1, before[j - 1] + (same ? 0U : 1U)});
      const bool swapped =
          i > 1 && j > 1 && lower(left[i - 1]) == lower(right[j - 2]) && lower(left[i - 2]) == lower(right[j - 1]);
      if (swapped) line[j] = std::min(line[j], before_that[j - 2] + 1);
    }
  }
  return lines[left.size() % 3][right.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::size_t best = std::clamp<std::size_t>(word.size() / 3, 1, 3) + 1;
  std::string_view found;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= best) continue;
    best = distance;
    found = candidate;
  }
  return found;
}

}  // namespace slipway
