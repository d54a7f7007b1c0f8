// An infer request to another server, and what it answers, checked against what the model is known to give.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/loaded_model.h"
#include "serving/infer.h"

namespace slipway {

struct RemoteInferRequest {
  std::string body;
  std::optional<std::size_t> json_bytes;  // what Inference-Header-Content-Length says; absent: all of it is JSON
};

// `wanted`: indices into the signature's outputs; empty for all. Without binary, out_of_range "infer.not_json" for
// inputs that JSON has no form for.
Result<RemoteInferRequest> encode_remote_infer(std::span<const TensorView> inputs, const ModelSignature& signature,
                                               std::span<const std::uint32_t> wanted, bool is_binary);

// The outputs in the order wanted; views point into `body`, behind which 64 bytes are readable, and into `scratch`.
// internal "remote.answer": it is no answer of the protocol; an output is missing or has another type, rank or fixed
// dimension than the signature says.
Status decode_remote_infer(std::span<const std::byte> body, std::optional<std::string_view> json_length,
                           const ModelSignature& signature, std::span<const std::uint32_t> wanted,
                           InferRequest& scratch, std::vector<TensorView>& outputs);

}  // namespace slipway
