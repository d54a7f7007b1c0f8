// Semantic Versioning 2.0.0 (semver.org): versions, their total order, and ranges as npm writes them.
//
// Build metadata ("1.0.0+7") is refused: two versions that differ only by it have the same precedence, and a registry
// in which "newest" must have one answer cannot hold both. Numbers go up to 2^53 - 1, texts up to 128 characters.
//
// A range is alternatives joined by "||", each a list of comparators that must all hold:
//   1.2.3  =1.2.3         exactly that version
//   1  1.2  1.x  1.2.*    any version with those leading numbers; "*" or "x" is any version
//   ^1.2.3                no change of the leftmost number that is not zero: >=1.2.3 <2.0.0; ^0.2.3 is >=0.2.3 <0.3.0
//   ~1.2.3                no change of the minor number: >=1.2.3 <1.3.0; ~1 is 1.x
//   >1.2  >=1  <2  <=1.2  comparisons; a partial version stands for all versions that begin with it
// A pre-release version is inside a range only if a comparator of the same alternative names a pre-release of the same
// three numbers: ">=1.2.3-rc.1" holds 1.2.3-rc.2 and 1.3.0, not 1.3.0-rc.1. Whoever asks for rc's of one version has
// not asked for those of the next.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway {

struct SemVer {
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  std::uint64_t patch = 0;
  std::string prerelease;  // "rc.1"; "" for a release

  // invalid_argument "semver.invalid" or "semver.build_metadata".
  static Result<SemVer> parse(std::string_view text);
  std::string to_string() const;
  bool is_prerelease() const noexcept { return !prerelease.empty(); }

  // Precedence, SemVer section 11.
  std::strong_ordering operator<=>(const SemVer& other) const noexcept;
  bool operator==(const SemVer&) const = default;
};

// Bytes whose lexicographic order is the order of versions, so that SQL can sort and page by it.
std::vector<std::uint8_t> sort_key(const SemVer& version);

class SemVerRange {
 public:
  // invalid_argument "semver.invalid_range".
  static Result<SemVerRange> parse(std::string_view text);
  static SemVerRange any() { return SemVerRange{{{}}}; }

  bool contains(const SemVer& version) const noexcept;

 private:
  friend class RangeParser;
  enum class Operator : std::uint8_t { kLess, kLessEqual, kGreater, kGreaterEqual, kEqual };
  struct Comparator {
    Operator op;
    SemVer version;
    bool holds(const SemVer& candidate) const noexcept;
  };
  using Alternative = std::vector<Comparator>;  // empty: any release

  explicit SemVerRange(std::vector<Alternative> alternatives) : alternatives_(std::move(alternatives)) {}

  std::vector<Alternative> alternatives_;
};

// The index of the greatest version inside the range, whatever the order of `versions`.
std::optional<std::size_t> best_match(const SemVerRange& range, std::span<const SemVer> versions) noexcept;

}  // namespace slipway
