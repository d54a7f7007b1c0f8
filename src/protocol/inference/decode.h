// Decodes an infer request of the Open Inference Protocol v2 (REST): JSON, and the binary tensor data extension.
//
// Strict where two readers could differ: duplicate keys and tensor names, bytes behind the document, numbers that the
// datatype does not hold, shapes that the data does not fill. Unknown keys are checked to be JSON and ignored, since
// clients send more than the protocol names. FP16 and BF16 are taken as JSON numbers, rounded to the nearest: a decimal
// says no less about a half than about a float.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "protocol/http.h"
#include "serving/infer.h"

namespace slipway {

struct InferLimits {
  std::size_t tensors_max = 256;                             // inputs, and outputs asked for; at most 1,024
  std::size_t rank_max = 32;                                 // dimensions of a shape
  std::size_t name_bytes_max = 1'024;                        // of a tensor's name, and of the request's id and unit
  std::size_t json_depth_max = 64;                           // nesting of ignored values
  std::uint64_t decoded_bytes_max = std::uint64_t{1} << 30;  // of one tensor in memory
};

// Fills `infer`, whose views then point into `http` and into its own arena; clears it first. Model and version come
// from the route's {model} and {version}, the unit from the parameter "unit" or the header slipway-unit. Errors:
// invalid_argument "infer.…"; unimplemented for sequences and shared memory.
Status decode_infer(const HttpRequest& http, InferRequest& infer, const InferLimits& limits = {});

// Fills infer.inputs with the outputs of a response, whose views then point into `body`, behind which 64 bytes are
// readable, and into infer's own arena; clears it first. `json_length`: the header Inference-Header-Content-Length.
// Errors: those of decode_infer(), which speak of a request and its inputs.
Status decode_infer_response(std::span<const std::byte> body, std::optional<std::string_view> json_length,
                             InferRequest& infer, const InferLimits& limits = {});

// Inference-Header-Content-Length is 0: the body is one tensor and nothing else (raw_request.h).
bool is_raw_request(const HttpRequest& http) noexcept;

}  // namespace slipway
