#include "reproduce/redaction.h"

#include <algorithm>
#include <array>

namespace slipway::reproduce {
namespace {

constexpr std::size_t kSecretBytesMin = 6;

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

bool is_secret_word(std::string_view word) {
  static constexpr std::array<std::string_view, 8> kEndings = {"KEY",    "TOKEN",      "SECRET",     "PASSWORD",
                                                               "PASSWD", "PASSPHRASE", "CREDENTIAL", "CREDENTIALS"};
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return word.ends_with(ending); });
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

// Where the user part of a URL begins and its "@" stands.
struct UserPart {
  std::size_t begin;
  std::size_t at;
};

std::optional<UserPart> find_user_part(std::string_view text, std::size_t from) {
  for (std::size_t scheme = text.find("://", from); scheme != text.npos; scheme = text.find("://", scheme + 3)) {
    const std::size_t begin = scheme + 3;
    const std::size_t end = std::min(text.find_first_of("/?# \t\n\"'", begin), text.size());
    const std::size_t at = text.substr(begin, end - begin).rfind('@');
    if (at != text.npos) return UserPart{begin, begin + at};
  }
  return std::nullopt;
}

}  // namespace

bool is_secret_name(std::string_view name) {
  const std::string text = upper(name);
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of("_-.", begin), text.size());
    if (is_secret_word(std::string_view(text).substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  return false;
}

bool is_secret_file(std::string_view path) {
  static constexpr std::array<std::string_view, 9> kNames = {
      ".env", ".netrc", ".pgpass", ".npmrc", ".pypirc", "id_rsa", "id_ed25519", "credentials", "id_ecdsa"};
  static constexpr std::array<std::string_view, 6> kEndings = {".pem", ".key", ".p12", ".pfx", ".keystore", ".kdbx"};
  const std::string_view name = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  if (name.starts_with(".env.")) return true;
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         std::any_of(kEndings.begin(), kEndings.end(), [&](auto ending) { return name.ends_with(ending); });
}

std::string without_credentials(std::string_view url) {
  const auto user = find_user_part(url, 0);
  if (!user) return std::string(url);
  const bool is_ssh = url.starts_with("ssh://") || url.starts_with("git+ssh://");
  const std::string_view name = url.substr(user->begin, user->at - user->begin);
  std::string kept(url.substr(0, user->begin));
  if (is_ssh) kept.append(name.substr(0, name.find(':'))).append("@");
  return kept.append(url.substr(user->at + 1));
}

bool has_credentials(std::string_view text) {
  for (auto user = find_user_part(text, 0); user; user = find_user_part(text, user->at)) {
    if (text.substr(user->begin, user->at - user->begin).find(':') != text.npos) return true;
  }
  return false;
}

std::optional<std::size_t> find_secret_argument(std::span<const std::string> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i];
    if (has_credentials(argument)) return i;
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    if ((!name.starts_with('-') && equals == name.npos) || !is_secret_name(name)) continue;
    const bool has_next = i + 1 < arguments.size() && !arguments[i + 1].starts_with('-');
    const std::string_view value = equals != argument.npos ? argument.substr(equals + 1)
                                   : has_next              ? std::string_view(arguments[i + 1])
                                                           : std::string_view();
    if (!value.empty() && !is_number(value)) return i;
  }
  return std::nullopt;
}

std::string redacted(std::string text, std::span<const std::string> secrets) {
  std::vector<std::string_view> longest_first(secrets.begin(), secrets.end());
  std::sort(longest_first.begin(), longest_first.end(), [](auto a, auto b) { return a.size() > b.size(); });
  for (const std::string_view secret : longest_first) {
    if (secret.size() < kSecretBytesMin) continue;
    for (std::size_t at = text.find(secret); at != text.npos; at = text.find(secret, at + 3)) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

}  // namespace slipway::reproduce
