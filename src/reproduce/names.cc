#include "reproduce/names.h"

#include <algorithm>
#include <set>
#include <vector>

namespace slipway::reproduce {
namespace {

bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

bool is_package_name(std::string_view name) noexcept {
  constexpr std::size_t kMax = 200;
  if (name.empty() || name.size() > kMax || name.front() == '-' || name.back() == '-') return false;
  if (name.find("--") != name.npos) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

bool is_package_version(std::string_view version) noexcept {
  constexpr std::size_t kMax = 100;
  if (version.empty() || version.size() > kMax) return false;
  if (!is_letter(version.front()) && !is_digit(version.front())) return false;
  return std::all_of(version.begin(), version.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '+' || c == '!' || c == '-' || c == '_';
  });
}

bool is_variable_name(std::string_view name) noexcept {
  constexpr std::size_t kMax = 200;
  if (name.empty() || name.size() > kMax || is_digit(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

bool is_settable_variable(std::string_view name) noexcept {
  return is_variable_name(name) && !name.starts_with("LD_") && name != "PATH" && name != "BASH_ENV";
}

bool is_same_build(std::string_view archive, std::string_view installed_tags) {
  if (!archive.ends_with(".whl")) return false;
  const std::vector<std::string> parts = split(archive.substr(0, archive.size() - 4), '-');
  if (parts.size() < 5) return false;
  const std::vector<std::string> known = split(installed_tags, ' ');
  const std::set<std::string> installed(known.begin(), known.end());
  for (const std::string& python : split(parts[parts.size() - 3], '.')) {
    for (const std::string& abi : split(parts[parts.size() - 2], '.')) {
      for (const std::string& platform : split(parts.back(), '.')) {
        if (!installed.contains(python + '-' + abi + '-' + platform)) return false;
      }
    }
  }
  return true;
}

}  // namespace slipway::reproduce
