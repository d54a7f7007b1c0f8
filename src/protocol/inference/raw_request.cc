#include "protocol/inference/raw_request.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "protocol/inference/binary_tensor.h"

namespace slipway {
namespace {

tl::unexpected<Error> bad_raw(std::string message) {
  return fail(Code::kInvalidArgument, "infer.raw_binary",
              "Inference-Header-Content-Length is 0, so the body is the bytes of one tensor: " + std::move(message));
}

// The input's shape with `elements` in it.
Status fill_shape(const ModelTensor& input, std::size_t elements, std::span<std::int64_t> shape) {
  std::copy(input.spec.shape.begin(), input.spec.shape.end(), shape.begin());
  auto variable = std::count(shape.begin(), shape.end(), -1);
  if (variable == 2 && input.is_batched && shape.front() == -1) {
    shape.front() = 1;
    variable = 1;
  }
  if (!input.has_rank || variable > 1) {
    return bad_raw("input " + quoted(input.spec.name) +
                   " has more than one variable dimension; describe it in JSON in front of its bytes");
  }
  std::size_t fixed = 1;
  for (const std::int64_t dimension : shape) {
    if (dimension != -1) fixed *= static_cast<std::size_t>(dimension);
  }
  if (variable == 1 && fixed > 0 && elements % fixed == 0) {
    *std::find(shape.begin(), shape.end(), -1) = static_cast<std::int64_t>(elements / fixed);
    return {};
  }
  if (variable == 0 && elements == fixed) return {};
  return bad_raw(std::to_string(elements) + " elements do not fill the shape of input " + quoted(input.spec.name));
}

}  // namespace

Status decode_raw_infer(const HttpRequest& http, const ModelSignature& signature, InferRequest& infer) {
  infer.clear();
  infer.model = http.parameter("model");
  infer.version = http.parameter("version");
  infer.unit = http.header("slipway-unit");
  infer.wants_binary_output = true;
  if (signature.inputs.size() != 1) {
    return bad_raw("the model has " + std::to_string(signature.inputs.size()) +
                   " inputs; describe them in JSON in front of their bytes");
  }
  const ModelTensor& input = signature.inputs.front();
  TensorView tensor;
  tensor.name = input.spec.name;
  tensor.type = input.spec.type;
  const bool is_text = tensor.type == DataType::kBytes;
  const std::size_t element_bytes = is_text ? std::max<std::size_t>(http.body.size(), 1) : element_size(tensor.type);
  if (http.body.size() % element_bytes != 0) {
    return bad_raw(std::to_string(http.body.size()) + " bytes are no whole number of elements of " +
                   std::string(to_string(tensor.type)));
  }
  const std::size_t elements = is_text ? 1 : http.body.size() / element_bytes;
  const auto shape = infer.arena.allocate_of<std::int64_t>(input.spec.shape.size());
  SLIPWAY_CHECK(fill_shape(input, elements, shape));
  tensor.shape = shape;
  if (is_text) {
    const auto texts = infer.arena.allocate_of<std::string_view>(1);
    texts[0] = as_text(http.body);
    tensor.strings = texts;
  } else {
    SLIPWAY_CHECK(read_binary_tensor(http.body, elements, tensor, infer.arena));
  }
  infer.inputs.push_back(tensor);
  return {};
}

}  // namespace slipway
