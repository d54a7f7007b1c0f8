// A tensor as JSON, as requests and responses have it. Private to this folder.
#pragma once

#include <string>

#include "base/tensor.h"

namespace slipway {

// {"name":"x","datatype":"FP32","shape":[2,3] without the end of the object.
void append_tensor_head(const TensorView& tensor, std::string& out);
// The elements with commas between them. False: one has no JSON form (NaN, an infinity, bytes that are not UTF-8).
bool append_tensor_data(const TensorView& tensor, std::string& out);

}  // namespace slipway
