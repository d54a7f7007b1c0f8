// What an MLmodel file says of how a model can be run, and what Slipway makes of it. Pure.
//
// Slipway runs ONNX. A model of another flavor is kept and loads with its own library; what is said of it then is why
// it is not served and the command that makes an ONNX model of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/manifest.h"

namespace slipway {

constexpr std::string_view kMlModelFile = "MLmodel";

struct MlModel {
  std::vector<std::string> flavors;  // names, in the file's order
  std::string onnx_file;             // of the flavor onnx, relative to the MLmodel file; "" without that flavor
  std::string signature_inputs;      // JSON, "" without a signature
};

// invalid_argument "mlmodel.invalid" with the place.
Result<MlModel> parse_mlmodel(std::string_view yaml);

// Why a model of these flavors is not served, with the command that converts it; `model` and `number` are what it is
// registered as.
std::string not_servable_reason(const MlModel& file, std::string_view model, std::int64_t number);

// An MLmodel file for a bundle that has none, so that MLflow loads it: the flavors onnx and python_function over the
// bundle's model.
std::string mlmodel_of(const Manifest& manifest, std::string_view utc_time_created);

}  // namespace slipway
