#include "reproduce/compare.h"

#include <algorithm>
#include <fmt/format.h>

namespace slipway::reproduce {
namespace {

bool has_ending(std::string_view path, std::string_view ending) {
  if (path.size() < ending.size()) return false;
  return std::equal(
      ending.begin(), ending.end(), path.end() - static_cast<std::ptrdiff_t>(ending.size()),
      [](char wanted, char found) { return wanted == (found >= 'A' && found <= 'Z' ? found + 32 : found); });
}

std::string first_difference(std::string_view recorded, std::string_view reproduced) {
  const auto at = std::mismatch(recorded.begin(), recorded.end(), reproduced.begin(), reproduced.end()).first;
  const auto offset = static_cast<std::size_t>(at - recorded.begin());
  if (recorded.size() == reproduced.size()) return fmt::format("byte {} differs", offset);
  return fmt::format("byte {} differs, and {} bytes became {}", offset, recorded.size(), reproduced.size());
}

}  // namespace

std::string_view to_string(Match match) noexcept {
  switch (match) {
    case Match::kIdentical:
      return "identical";
    case Match::kWithin:
      return "within";
    case Match::kDiffers:
      break;
  }
  return "differs";
}

Comparison compare_outputs(const std::string& path, std::string_view recorded, std::string_view reproduced,
                           const Tolerance& tolerance) {
  Comparison comparison;
  comparison.path = path;
  if (recorded == reproduced) return comparison;
  comparison.match = Match::kWithin;
  if (tolerance.at(path).is_ignored) return comparison;

  FormResult result;
  if (has_ending(path, ".json")) {
    result = compare_json(path, recorded, reproduced, tolerance);
  } else if (has_ending(path, ".csv")) {
    result = compare_csv(path, recorded, reproduced, tolerance);
  } else if (has_ending(path, ".npy")) {
    result = compare_npy(path, recorded, reproduced, tolerance);
  } else {
    result.differs = first_difference(recorded, reproduced);
  }
  comparison.why = result.differs;
  comparison.numbers = result.numbers.numbers();
  comparison.largest = result.numbers.largest();
  if (!result.differs.empty() || !result.numbers.is_within()) comparison.match = Match::kDiffers;
  return comparison;
}

}  // namespace slipway::reproduce
