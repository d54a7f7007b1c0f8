#include <algorithm>
#include <charconv>

#include "base/bytes.h"
#include "registry/semver.h"

namespace slipway {

// Follows the grammar of npm's ranges without hyphen ranges; one parser a text.
class RangeParser {
 public:
  explicit RangeParser(std::string_view text) : text_(text), rest_(text) {}

  Result<SemVerRange> run() {
    if (text_.size() > kTextMax) return invalid("it is longer than 256 characters");
    std::vector<SemVerRange::Alternative> alternatives;
    do {
      SLIPWAY_TRY(alternatives.emplace_back(), alternative());
    } while (take("||"));
    return SemVerRange(std::move(alternatives));
  }

 private:
  using Operator = SemVerRange::Operator;
  using Alternative = SemVerRange::Alternative;

  static constexpr std::size_t kTextMax = 256;

  // "1", "1.2", "1.x", "1.2.3-rc.1": `numbers` leading numbers are given.
  struct Partial {
    int numbers = 0;
    SemVer version;
  };

  tl::unexpected<Error> invalid(std::string_view why) const {
    return fail(Code::kInvalidArgument, "semver.invalid_range",
                "version range " + quoted(text_) + " cannot be read: " + std::string(why) +
                    "; accepted are ranges such as 1.2.3, 1.x, ^1.2, ~1.2.3, >=1 <2 and *");
  }

  void skip_spaces() noexcept {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }

  bool take(std::string_view token) noexcept {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  Result<Alternative> alternative() {
    Alternative comparators;
    bool is_empty = true;
    for (skip_spaces(); !rest_.empty() && !rest_.starts_with("||"); skip_spaces()) {
      SLIPWAY_CHECK(comparator(comparators));
      is_empty = false;
    }
    if (is_empty) return invalid("a comparator is missing");
    return comparators;
  }

  Status comparator(Alternative& out) {
    for (const std::string_view op : {"^", "~", ">=", "<=", ">", "<", "=", ""}) {
      if (!take(op)) continue;
      skip_spaces();
      SLIPWAY_TRY(const Partial partial, this->partial());
      add(out, op, partial);
      return {};
    }
    return {};
  }

  Result<Partial> partial() {
    const std::string_view word = rest_.substr(0, rest_.find_first_of(" |"));
    rest_.remove_prefix(word.size());
    if (word.empty()) return invalid("a version is missing");
    Partial partial;
    std::string_view left = word;
    bool is_wild = false;
    int places = 0;
    for (std::uint64_t* const number : {&partial.version.major, &partial.version.minor, &partial.version.patch}) {
      const std::string_view part = left.substr(0, left.find_first_of(".-+"));
      ++places;
      if (part == "x" || part == "X" || part == "*") {
        is_wild = true;
      } else {
        if (is_wild) return invalid("a number stands behind a wildcard");
        const char* const last = part.data() + part.size();
        const auto [end, error] = std::from_chars(part.data(), last, *number);
        const bool has_leading_zero = part.size() > 1 && part.front() == '0';
        if (error != std::errc{} || end != last || has_leading_zero) return invalid(quoted(word) + " is not a version");
        ++partial.numbers;
      }
      left.remove_prefix(part.size());
      if (left.empty() || places == 3 || left.front() != '.') break;
      left.remove_prefix(1);
    }
    if (is_wild || partial.numbers < 3) {
      if (!left.empty()) return invalid(quoted(word) + " is not a version, a partial version or a wildcard");
      return check_numbers(partial);
    }
    auto version = SemVer::parse(word);
    if (!version) return invalid(version.error().message);
    partial.version = *std::move(version);
    return partial;
  }

  // The rules for numbers are those of a whole version.
  Result<Partial> check_numbers(const Partial& partial) const {
    if (auto version = SemVer::parse(partial.version.to_string()); !version) return invalid(version.error().message);
    return partial;
  }

  // The least version, pre-releases included, of the next value of number `place` (0: major).
  static SemVer next(const SemVer& version, int place) {
    SemVer bound;
    bound.major = version.major + (place == 0 ? 1 : 0);
    if (place >= 1) bound.minor = version.minor + (place == 1 ? 1 : 0);
    if (place >= 2) bound.patch = version.patch + 1;
    bound.prerelease = "0";
    return bound;
  }

  static void add_between(Alternative& out, const SemVer& least, const SemVer& bound) {
    out.push_back({Operator::kGreaterEqual, least});
    out.push_back({Operator::kLess, bound});
  }

  static void add(Alternative& out, std::string_view op, const Partial& partial) {
    const SemVer& version = partial.version;
    const bool is_whole = partial.numbers == 3;
    if (partial.numbers == 0) {
      if (op == ">" || op == "<") out.push_back({Operator::kLess, SemVer{0, 0, 0, "0"}});  // nothing is beyond all
      return;
    }
    if (op == "^") {
      const int first_not_zero = version.major != 0 ? 0 : version.minor != 0 ? 1 : 2;
      return add_between(out, version, next(version, std::min(first_not_zero, partial.numbers - 1)));
    }
    if (op == "~") return add_between(out, version, next(version, std::min(1, partial.numbers - 1)));
    if (op == ">=") return out.push_back({Operator::kGreaterEqual, version});
    if (is_whole) {
      const Operator exact = op == "<"    ? Operator::kLess
                             : op == "<=" ? Operator::kLessEqual
                             : op == ">"  ? Operator::kGreater
                                          : Operator::kEqual;
      return out.push_back({exact, version});
    }
    SemVer least = version;
    SemVer after = next(version, partial.numbers - 1);
    if (op == "<") {
      least.prerelease = "0";
      return out.push_back({Operator::kLess, least});
    }
    if (op == "<=") return out.push_back({Operator::kLess, after});
    if (op == ">") {
      after.prerelease.clear();
      return out.push_back({Operator::kGreaterEqual, after});
    }
    add_between(out, least, after);
  }

  std::string_view text_;
  std::string_view rest_;
};

Result<SemVerRange> SemVerRange::parse(std::string_view text) { return RangeParser(text).run(); }

bool SemVerRange::Comparator::holds(const SemVer& candidate) const noexcept {
  const auto order = candidate <=> version;
  switch (op) {
    case Operator::kLess:
      return order < 0;
    case Operator::kLessEqual:
      return order <= 0;
    case Operator::kGreater:
      return order > 0;
    case Operator::kGreaterEqual:
      return order >= 0;
    case Operator::kEqual:
      return order == 0;
  }
  return false;
}

bool SemVerRange::contains(const SemVer& version) const noexcept {
  const auto names_its_prereleases = [&](const Comparator& comparator) {
    const SemVer& named = comparator.version;
    return named.is_prerelease() && named.major == version.major && named.minor == version.minor &&
           named.patch == version.patch;
  };
  return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const Alternative& alternative) {
    const bool holds =
        std::all_of(alternative.begin(), alternative.end(), [&](const Comparator& c) { return c.holds(version); });
    return holds &&
           (!version.is_prerelease() || std::any_of(alternative.begin(), alternative.end(), names_its_prereleases));
  });
}

}  // namespace slipway
