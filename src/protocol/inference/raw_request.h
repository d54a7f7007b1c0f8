// Raw binary requests of the binary tensor data extension: the body is the one input's bytes, nothing describes it.
#pragma once

#include "base/result.h"
#include "protocol/http.h"
#include "runtime/loaded_model.h"
#include "serving/infer.h"

namespace slipway {

// Fills `infer`, whose views then point into `http`, `signature` and its own arena; clears it first. The shape is the
// signature's, its one variable dimension found from the number of bytes; where a batch axis and another dimension are
// variable, it is one row. Of BYTES the body is one element. All outputs are asked for, in binary. Errors:
// invalid_argument "infer.raw_binary" for a model that cannot be asked this way and for bytes that fill no shape.
Status decode_raw_infer(const HttpRequest& http, const ModelSignature& signature, InferRequest& infer);

}  // namespace slipway
