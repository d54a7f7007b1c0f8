#include "registry/semver.h"

#include <algorithm>
#include <charconv>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::size_t kTextMax = 128;
constexpr std::uint64_t kNumberMax = (std::uint64_t{1} << 53) - 1;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_identifier_character(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

bool is_numeric(std::string_view identifier) noexcept {
  return std::all_of(identifier.begin(), identifier.end(), is_digit);
}

// Takes the text before the first `separator` off `rest`.
std::string_view take_until(std::string_view& rest, char separator) noexcept {
  const std::size_t end = rest.find(separator);
  const std::string_view taken = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return taken;
}

tl::unexpected<Error> invalid(std::string_view text, std::string_view why) {
  return fail(Code::kInvalidArgument, "semver.invalid",
              "version " + quoted(text) + " is not a semantic version: " + std::string(why) +
                  "; accepted is MAJOR.MINOR.PATCH or MAJOR.MINOR.PATCH-PRERELEASE, such as 1.4.0 or 2.0.0-rc.1");
}

const char* refuse_number(std::string_view digits, std::uint64_t& number) noexcept {
  if (digits.empty() || !is_numeric(digits)) return "each of the three numbers is written in digits";
  if (digits.size() > 1 && digits[0] == '0') return "a number has a leading zero";
  const auto end = digits.data() + digits.size();
  if (std::from_chars(digits.data(), end, number).ec != std::errc{} || number > kNumberMax)
    return "a number is above 2^53 - 1";
  return nullptr;
}

const char* refuse_prerelease(std::string_view text) noexcept {
  if (text.empty()) return "nothing follows the hyphen";
  if (text.back() == '.') return "a pre-release identifier is empty";
  while (!text.empty()) {
    const std::string_view identifier = take_until(text, '.');
    if (identifier.empty()) return "a pre-release identifier is empty";
    if (!std::all_of(identifier.begin(), identifier.end(), is_identifier_character)) {
      return "a pre-release identifier has a character other than letters, digits and hyphen";
    }
    if (identifier.size() > 1 && identifier[0] == '0' && is_numeric(identifier)) {
      return "a numeric pre-release identifier has a leading zero";
    }
  }
  return nullptr;
}

std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) noexcept {
  const bool is_a_numeric = is_numeric(a);
  const bool is_b_numeric = is_numeric(b);
  if (is_a_numeric != is_b_numeric) return is_a_numeric ? std::strong_ordering::less : std::strong_ordering::greater;
  if (is_a_numeric && a.size() != b.size()) return a.size() <=> b.size();  // no leading zeros: longer is greater
  return a.compare(b) <=> 0;
}

std::strong_ordering compare_prereleases(std::string_view a, std::string_view b) noexcept {
  if (a.empty() || b.empty()) {  // a release is greater than its pre-releases
    return static_cast<int>(a.empty()) <=> static_cast<int>(b.empty());
  }
  while (!a.empty() && !b.empty()) {
    const auto order = compare_identifiers(take_until(a, '.'), take_until(b, '.'));
    if (order != 0) return order;
  }
  return a.size() <=> b.size();  // the one with identifiers left is greater
}

}  // namespace

Result<SemVer> SemVer::parse(std::string_view text) {
  if (text.size() > kTextMax) return invalid(text, "it is longer than 128 characters");
  std::string_view rest = text.substr(0, text.find_first_of("-+"));
  const std::string_view tail = text.substr(rest.size());
  if (tail.find('+') != std::string_view::npos) {
    return fail(Code::kInvalidArgument, "semver.build_metadata",
                "version " + quoted(text) +
                    " has build metadata; a version is named without \"+…\", because versions that "
                    "differ only by it have no order");
  }
  if (std::count(rest.begin(), rest.end(), '.') != 2) return invalid(text, "it needs three numbers");
  SemVer version;
  for (std::uint64_t* const number : {&version.major, &version.minor, &version.patch}) {
    if (const char* const why = refuse_number(take_until(rest, '.'), *number)) return invalid(text, why);
  }
  if (tail.empty()) return version;
  if (const char* const why = refuse_prerelease(tail.substr(1))) return invalid(text, why);
  version.prerelease = tail.substr(1);
  return version;
}

std::string SemVer::to_string() const {
  std::string text = std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(patch);
  if (is_prerelease()) text += '-' + prerelease;
  return text;
}

std::strong_ordering SemVer::operator<=>(const SemVer& other) const noexcept {
  if (const auto order = major <=> other.major; order != 0) return order;
  if (const auto order = minor <=> other.minor; order != 0) return order;
  if (const auto order = patch <=> other.patch; order != 0) return order;
  return compare_prereleases(prerelease, other.prerelease);
}

// Three numbers of 8 bytes, big endian. Then for a release 0xFF; for a pre-release each identifier, and 0x00 at the
// end: numeric 0x01, count of digits, digits; other 0x02, characters, 0x00. Smaller bytes stand for smaller precedence
// at each place: end of list < numeric < alphanumeric < release.
std::vector<std::uint8_t> sort_key(const SemVer& version) {
  std::vector<std::uint8_t> key;
  for (const std::uint64_t number : {version.major, version.minor, version.patch}) {
    for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<std::uint8_t>(number >> shift));
  }
  if (!version.is_prerelease()) {
    key.push_back(0xFF);
    return key;
  }
  std::string_view rest = version.prerelease;
  while (!rest.empty()) {
    const std::string_view identifier = take_until(rest, '.');
    if (is_numeric(identifier)) {
      key.push_back(0x01);
      key.push_back(static_cast<std::uint8_t>(identifier.size()));
      key.insert(key.end(), identifier.begin(), identifier.end());
    } else {
      key.push_back(0x02);
      key.insert(key.end(), identifier.begin(), identifier.end());
      key.push_back(0x00);
    }
  }
  key.push_back(0x00);
  return key;
}

std::optional<std::size_t> best_match(const SemVerRange& range, std::span<const SemVer> versions) noexcept {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    if (range.contains(versions[i]) && (!best || versions[*best] < versions[i])) best = i;
  }
  return best;
}

}  // namespace slipway
