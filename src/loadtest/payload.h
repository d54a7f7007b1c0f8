// Bodies of Open Inference Protocol requests, made from what a model declares.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/tensor.h"

namespace slipway::loadtest {

// unimplemented "bench.datatype" for a type that the Open Inference Protocol lacks.
Result<TensorSpec> declared_input(const std::string& name, const std::string& datatype,
                                  std::vector<std::int64_t> shape);

struct Payload {
  std::string body;
  std::size_t json_bytes = 0;  // binary: where the JSON ends; 0 when all of it is JSON
  std::uint64_t rows = 1;
};

struct PayloadSettings {
  std::int64_t rows = 1;  // of a variable first dimension
  bool is_binary = false;
  std::map<std::string, std::vector<std::int64_t>> shapes;  // by input: instead of what is declared
  std::uint64_t seed = 1;
};

// Values: numbers in [0, 1) for floats, 0 to 9 for integers, 8 letters for BYTES. The same seed makes the same bytes.
// invalid_argument "bench.shape" for a variable dimension without --shape, a shape that contradicts the declared one,
// or one of an unknown input.
Result<Payload> make_payload(std::span<const TensorSpec> inputs, const PayloadSettings& settings);
// The same as an inference.ModelInferRequest with raw contents; `version`: "" for what the server chooses.
Result<Payload> make_grpc_payload(std::span<const TensorSpec> inputs, const PayloadSettings& settings,
                                  std::string_view model, std::string_view version);

}  // namespace slipway::loadtest
