// Reads a session's inputs and outputs into a ModelSignature. Private to this folder's ONNX Runtime code.
#pragma once

#include <string>
#include <vector>

#include "runtime/loaded_model.h"
#include "runtime/onnx_inspect.h"
#include "runtime/ort_outputs.h"

namespace slipway {

struct SessionLayout {
  ModelSignature signature;
  std::vector<std::string> input_names;  // of the session, in its order
  std::vector<std::string> output_names;
  std::vector<OutputPart> parts;  // one for each output of the signature
};

// `summary` tells scalars from values of unknown rank, which a session does not. Fails with unimplemented
// "model.input_kind" or "model.output_kind" for what cannot be presented as tensors.
Result<SessionLayout> read_layout(const OrtSession& session, OrtAllocator* allocator, const OnnxSummary& summary);

}  // namespace slipway
