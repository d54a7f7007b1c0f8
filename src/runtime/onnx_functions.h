// How large a graph becomes when every call of a local function is replaced by its body, without doing it.
//
// A few kilobytes of functions that call each other twice a level describe 2^levels nodes, and a long chain of them
// overflows the stack of a recursive loader; both are found here by one pass over the call graph.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway {

// Calls by operator: (index of the operator, times). `self` is the operator that the function defines.
struct FunctionBody {
  std::uint32_t self = 0;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> calls;
};

struct Expansion {
  std::uint64_t nodes = 0;  // saturates at 2^64 - 1
  std::uint32_t depth = 0;  // 0: no local function is called
};

// `main_calls`: of the model's own graph. `names[i]` names operator i, for messages. Does not recurse.
// Fails with invalid_argument on a cycle or when an operator is defined twice. O(calls).
Result<Expansion> expand_functions(const std::vector<std::pair<std::uint32_t, std::uint64_t>>& main_calls,
                                   std::span<const FunctionBody> functions, std::span<const std::string> names);

}  // namespace slipway
