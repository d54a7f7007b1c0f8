// The known word that a mistyped one was most likely meant to be.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace slipway {

// Edits (insert, delete, replace, swap of neighbours) that turn one word into the other, letter case ignored:
// the restricted Damerau-Levenshtein distance, O(|left| * |right|). Words beyond 64 bytes are as far as they are long.
std::size_t edit_distance(std::string_view left, std::string_view right);

// Empty if no candidate is within a third of the word's length (at least 1, at most 3 edits).
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace slipway
