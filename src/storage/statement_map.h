// Prepared statements by their text, found without a copy of it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace slipway {

struct StatementHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};

template <typename Statement>
using StatementMap = std::unordered_map<std::string, Statement, StatementHash, std::equal_to<>>;

}  // namespace slipway
