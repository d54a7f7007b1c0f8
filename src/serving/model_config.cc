#include "serving/model_config.h"

#include <algorithm>

namespace slipway {
namespace {

struct ConfigType {
  std::string_view name;
  int number;
};

ConfigType config_type(DataType type) noexcept {
  switch (type) {
    case DataType::kBool:
      return {"TYPE_BOOL", 1};
    case DataType::kUint8:
      return {"TYPE_UINT8", 2};
    case DataType::kUint16:
      return {"TYPE_UINT16", 3};
    case DataType::kUint32:
      return {"TYPE_UINT32", 4};
    case DataType::kUint64:
      return {"TYPE_UINT64", 5};
    case DataType::kInt8:
      return {"TYPE_INT8", 6};
    case DataType::kInt16:
      return {"TYPE_INT16", 7};
    case DataType::kInt32:
      return {"TYPE_INT32", 8};
    case DataType::kInt64:
      return {"TYPE_INT64", 9};
    case DataType::kFp16:
      return {"TYPE_FP16", 10};
    case DataType::kFp32:
      return {"TYPE_FP32", 11};
    case DataType::kFp64:
      return {"TYPE_FP64", 12};
    case DataType::kBytes:
      return {"TYPE_STRING", 13};
    case DataType::kBf16:
      return {"TYPE_BF16", 14};
  }
  return {"TYPE_INVALID", 0};
}

std::vector<ModelConfigTensor> describe(const std::vector<ModelTensor>& tensors, bool has_batch) {
  std::vector<ModelConfigTensor> described;
  for (const ModelTensor& tensor : tensors) {
    const auto [name, number] = config_type(tensor.spec.type);
    const auto& shape = tensor.spec.shape;
    described.push_back({.name = tensor.spec.name,
                         .data_type = name,
                         .data_type_number = number,
                         .dims = {shape.begin() + (has_batch ? 1 : 0), shape.end()}});
  }
  return described;
}

}  // namespace

ModelConfig model_config_of(const ServedVersion& version) {
  const ModelSignature& signature = version.runtime->signature();
  const bool has_batch =
      signature.is_batchable && std::all_of(signature.outputs.begin(), signature.outputs.end(),
                                            [](const ModelTensor& output) { return output.is_batched; });
  ModelConfig config;
  config.name = version.model;
  config.version = version.version;
  config.platform = platform_of(version);
  if (version.remote != nullptr) config.backend = config.platform;
  if (has_batch) config.max_batch_size = kBatchRowsMax;
  config.inputs = describe(signature.inputs, has_batch);
  config.outputs = describe(signature.outputs, has_batch);
  config.instances = version.runners == nullptr ? 1 : static_cast<std::int32_t>(version.runners->thread_count());
  config.shares_runs = has_batch && version.batch_policy.is_enabled && version.remote == nullptr;
  config.preferred_rows = version.batch_policy.preferred_rows;
  config.delay_max = version.batch_policy.delay_max;
  config.preserves_order = version.batch_policy.preserves_order;
  return config;
}

}  // namespace slipway
