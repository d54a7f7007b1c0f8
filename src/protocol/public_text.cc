#include "protocol/public_text.h"

namespace slipway {
namespace {

bool ends_path(char c) noexcept {
  return c == ' ' || c == '"' || c == '\'' || c == ')' || c == ',' || c == ';' || c == ':' || c == '\n';
}

bool may_come_before(char c) noexcept { return c == ' ' || c == '"' || c == '\'' || c == '(' || c == '\n'; }

}  // namespace

std::string without_directories(std::string_view message) {
  std::string text;
  std::size_t at = 0;
  while (at < message.size()) {
    const bool is_path = message[at] == '/' && (at == 0 || may_come_before(message[at - 1]));
    std::size_t end = at + 1;
    if (is_path) {
      while (end < message.size() && !ends_path(message[end])) ++end;
    }
    const std::string_view part = message.substr(at, end - at);
    const std::size_t slash = part.rfind('/');
    text += is_path && slash > 0 ? part.substr(slash + 1) : part;
    at = end;
  }
  return text;
}

}  // namespace slipway
