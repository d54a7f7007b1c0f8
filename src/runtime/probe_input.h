// Inputs made up from a signature alone, to see a model run before any real request does.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/loaded_model.h"

namespace slipway {

// The rows to make along dimension 0 where it is variable: each all ones (true) or all zeros (false).
struct ProbeRows {
  std::vector<bool> batch;
  std::int64_t other_dimension = 1;  // size of every other variable dimension
};

// Models over images or sequences may refuse tiny sizes of their other variable dimensions: to be tried in this order.
inline constexpr std::array<std::int64_t, 4> kProbeSizes = {1, 16, 64, 224};

struct ProbeInput {
  std::string_view name;  // of the signature
  DataType type = DataType::kFp32;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> data;
  std::vector<std::string_view> strings;
};

// Inputs of unknown rank get one dimension. Fixed dimensions are filled by the first row's value.
std::vector<ProbeInput> make_probe_inputs(const ModelSignature& signature, const ProbeRows& rows);

std::vector<TensorView> probe_views(const std::vector<ProbeInput>& inputs);

}  // namespace slipway
