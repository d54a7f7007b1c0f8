// One inference request and its answer, in memory: what protocol dialects decode into and encode from.
//
// Both are made for reuse: clear() keeps the capacity, so that a connection in its steady state allocates nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"

namespace slipway {

struct RequestedOutput {
  std::string_view name;
  bool is_binary = false;
  std::uint32_t classification = 0;  // k of the classification extension; 0: none
};

struct InferRequest {
  std::string_view model;
  std::string_view version;  // "" for the endpoint's own choice
  std::string_view id;       // the caller's, echoed; "" when absent
  std::string_view unit;     // who or what is predicted for: decides the arm; "" when absent
  std::optional<std::uint64_t> timeout_us;
  std::uint64_t priority = 0;
  bool wants_binary_output = false;  // for outputs that do not say it themselves
  std::vector<TensorView> inputs;
  std::vector<RequestedOutput> outputs;  // empty: all

  // Storage that the views above may point into.
  std::vector<std::int64_t> shapes;
  std::vector<std::byte> arena;              // 64-byte aligned tensors decoded from JSON
  std::vector<std::string_view> strings;     // elements of BYTES tensors
  std::deque<std::string> unescaped;         // strings that had to be decoded

  void clear();
};

struct InferResponse {
  std::string_view model;
  std::string_view version;
  std::string_view id;
  std::vector<TensorView> outputs;  // in the order asked for, or the model's own
};

}  // namespace slipway
