// The messages of ModelInfer: a request read in place, an answer written in one pass.
//
// By hand, since protobuf's own classes would copy each tensor and allocate for each field. Strict where two readers
// could differ, with the reasons of the REST dialect (protocol/inference/decode.h).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/inference/decode.h"
#include "serving/infer.h"

namespace slipway {

// The model that a ModelInferRequest names: read first, so that whoever may not ask costs no decoding. "" when it names
// none, or is no such message.
std::string_view model_of_infer_message(std::span<const std::byte> message) noexcept;

// Fills `infer`, whose views then point into `message` and into its own arena; clears it first. Raw contents are never
// copied, typed ones where their encoding is that of the tensor: FP32 and FP64. Errors: invalid_argument "infer.…";
// unimplemented for sequences and shared memory.
Status read_infer_message(std::span<const std::byte> message, InferRequest& infer, const InferLimits& limits = {});

// A ModelInferResponse, its tensors in raw_output_contents. `is_final`: says that nothing follows for this request.
std::string write_infer_message(const InferResponse& response, bool is_final = false);
// A ModelStreamInferResponse that holds this answer, or the failure of the request that `id` names.
std::string write_stream_message(const InferResponse& response);
std::string write_stream_failure(std::string_view message, std::string_view model, std::string_view id);

}  // namespace slipway
