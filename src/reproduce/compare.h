// Compares an output of a reproduction with the recorded one. Pure.
//
// Equal bytes are identical. Where they differ, numbers are compared one by one in JSON, CSV (with a header line) and
// NumPy's .npy; everything else in these files must be equal. Other files differ, and the first byte is named.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reproduce/number_judge.h"
#include "reproduce/tolerance.h"

namespace slipway::reproduce {

enum class Match { kIdentical, kWithin, kDiffers };
std::string_view to_string(Match match) noexcept;  // "identical", "within", "differs"

struct Comparison {
  std::string path;
  Match match = Match::kIdentical;
  std::string why;                   // what differs besides numbers: "/classes/2: \"cat\" became \"dog\""
  std::uint64_t numbers = 0;         // compared one by one
  std::optional<Deviation> largest;  // of the numbers, measured by what is allowed for each
};

// By the ending of `path`, in any case: .json, .csv, .npy.
Comparison compare_outputs(const std::string& path, std::string_view recorded, std::string_view reproduced,
                           const Tolerance& tolerance);

// The parts, each for one form; `differs` is set by the first thing that is no number and differs.
struct FormResult {
  NumberJudge numbers;
  std::string differs;
};
FormResult compare_json(const std::string& path, std::string_view recorded, std::string_view reproduced,
                        const Tolerance& tolerance);
FormResult compare_csv(const std::string& path, std::string_view recorded, std::string_view reproduced,
                       const Tolerance& tolerance);
FormResult compare_npy(const std::string& path, std::string_view recorded, std::string_view reproduced,
                       const Tolerance& tolerance);

}  // namespace slipway::reproduce
