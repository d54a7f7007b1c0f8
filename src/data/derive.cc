#include "data/contract.h"

namespace slipway {
namespace {

LogicalType logical_type(DataType type) noexcept {
  switch (type) {
    case DataType::kBool:
      return LogicalType::kBoolean;
    case DataType::kBytes:
      return LogicalType::kString;
    case DataType::kFp16:
    case DataType::kBf16:
    case DataType::kFp32:
    case DataType::kFp64:
      return LogicalType::kNumber;
    default:
      return LogicalType::kInteger;
  }
}

}  // namespace

Contract derive_contract(std::string_view name, std::span<const TensorSpec> inputs) {
  Contract contract;
  contract.id = contract.name = std::string(name);
  contract.version = "0.0.0";
  contract.status = "derived";
  ContractObject& object = contract.objects.emplace_back();
  object.name = std::string(name);
  for (const TensorSpec& spec : inputs) {
    ContractField& field = object.fields.emplace_back();
    field.name = field.tensor = spec.name;
    field.type = logical_type(spec.type);
    field.is_required = true;
  }
  return contract;
}

}  // namespace slipway
