// Whatever the bytes: parsing ends with a contract or an error that says where, and what parses can be shown, compiled
// and bound.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "data/bind.h"
#include "data/contract.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const slipway::Result<slipway::Contract> contract =
      slipway::parse_contract(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!contract) {
    if (contract.error().message.empty() || contract.error().reason.empty()) std::abort();
    return 0;
  }
  (void)slipway::summary_json(*contract);
  (void)slipway::summary_text(*contract);
  const slipway::Result<const slipway::ContractObject*> object = contract->model_object();
  if (!object) return 0;
  for (const slipway::DataType type :
       {slipway::DataType::kFp32, slipway::DataType::kInt64, slipway::DataType::kBytes}) {
    std::vector<slipway::TensorSpec> inputs;
    for (const slipway::ContractField& field : (*object)->fields) inputs.push_back({field.tensor, type, {-1}});
    (void)slipway::BoundContract::bind(*contract, inputs);
  }
  return 0;
}
