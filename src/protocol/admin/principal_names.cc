#include "protocol/admin/principal_names.h"

#include "base/id.h"

namespace slipway {
namespace {

constexpr std::size_t kIdSize = 36;

bool is_word(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

}  // namespace

std::string with_principal_names(std::string_view message, const NameOf& name_of) {
  if (!name_of) return std::string(message);
  std::string text;
  while (!message.empty()) {
    std::size_t size = 0;
    while (size < message.size() && is_word(message[size])) ++size;
    const std::string_view word = message.substr(0, size);
    const bool is_id = size == kIdSize && Id::parse(word);
    const std::string name = is_id ? name_of(word) : std::string();
    name.empty() ? text.append(word) : text.append(name).append(" (").append(word).append(")");
    if (size == 0) text += message[size++];
    message.remove_prefix(size);
  }
  return text;
}

}  // namespace slipway
