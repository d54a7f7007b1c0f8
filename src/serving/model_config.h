// A version described as Triton's clients read a model's configuration: the part of it that means something here.
//
// Nothing is configured this way: it says how the version is served. Dimensions stand without the batch axis where
// max_batch_size > 0, which is so when every input and output of the model has one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "serving/served_version.h"

namespace slipway {

constexpr std::int32_t kBatchRowsMax = 65'536;  // said to clients of models with a batch axis; larger ones run too

struct ModelConfigTensor {
  std::string_view name;
  std::string_view data_type;  // "TYPE_FP32"
  int data_type_number = 0;    // of the enumeration DataType of the public protocol
  std::vector<std::int64_t> dims;
};

struct ModelConfig {
  std::string_view name;
  std::string_view version;
  std::string_view platform;
  std::string_view backend = "onnxruntime";
  std::int32_t max_batch_size = 0;  // 0: no batch axis, dims are whole shapes
  std::vector<ModelConfigTensor> inputs;
  std::vector<ModelConfigTensor> outputs;
  std::int32_t instances = 1;  // on the CPU
  bool shares_runs = false;    // dynamic batching
  std::vector<std::uint32_t> preferred_rows;
  std::chrono::microseconds delay_max{0};
  bool preserves_order = false;
  bool is_decoupled = false;
  bool has_response_cache = false;
};

// Views point into the version.
ModelConfig model_config_of(const ServedVersion& version);

}  // namespace slipway
