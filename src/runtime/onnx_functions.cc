#include "runtime/onnx_functions.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "base/bytes.h"

namespace slipway {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

std::uint64_t add(std::uint64_t a, std::uint64_t b) { return b > kMax - a ? kMax : a + b; }
std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? kMax : product;
}

enum class Visit : std::uint8_t { kNew, kOpen, kDone };

struct Body {
  const std::vector<std::pair<std::uint32_t, std::uint64_t>>* calls = nullptr;
  Visit state = Visit::kNew;
  std::size_t next = 0;  // the next call to look at
  Expansion size;
};

}  // namespace

Result<Expansion> expand_functions(const std::vector<std::pair<std::uint32_t, std::uint64_t>>& main_calls,
                                   std::span<const FunctionBody> functions, std::span<const std::string> names) {
  std::vector<Body> bodies(functions.size() + 1);
  std::unordered_map<std::uint32_t, std::size_t> by_operator;
  for (std::size_t i = 0; i < functions.size(); ++i) {
    bodies[i].calls = &functions[i].calls;
    if (!by_operator.emplace(functions[i].self, i).second) {
      return fail(Code::kInvalidArgument, "model.duplicate_function",
                  "the local function " + quoted(names[functions[i].self]) + " is defined twice");
    }
  }
  bodies.back().calls = &main_calls;

  // Depth-first with a stack of our own; every function is a root, so that cycles nobody calls are found too.
  std::vector<std::size_t> open;
  for (std::size_t root = 0; root < bodies.size(); ++root) {
    if (bodies[root].state == Visit::kDone) continue;
    open.push_back(root);
    bodies[root].state = Visit::kOpen;
    while (!open.empty()) {
      Body& body = bodies[open.back()];
      if (body.next == body.calls->size()) {
        body.state = Visit::kDone;
        open.pop_back();
        continue;
      }
      const auto [callee, times] = (*body.calls)[body.next];
      const auto found = by_operator.find(callee);
      if (found == by_operator.end()) {
        body.size.nodes = add(body.size.nodes, times);
        ++body.next;
        continue;
      }
      Body& function = bodies[found->second];
      if (function.state == Visit::kOpen) {
        return fail(Code::kInvalidArgument, "model.function_cycle",
                    "the local function " + quoted(names[callee]) + " calls itself");
      }
      if (function.state == Visit::kNew) {
        function.state = Visit::kOpen;
        open.push_back(found->second);
        continue;
      }
      body.size.nodes = add(body.size.nodes, multiply(times, std::max<std::uint64_t>(function.size.nodes, 1)));
      body.size.depth = std::max(body.size.depth, function.size.depth + 1);
      ++body.next;
    }
  }
  Expansion total = bodies.back().size;
  for (const Body& body : bodies)
    total.depth = std::max(total.depth, body.size.depth + (&body == &bodies.back() ? 0 : 1));
  return total;
}

}  // namespace slipway
