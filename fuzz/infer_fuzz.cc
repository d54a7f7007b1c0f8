// The decoder of infer requests, JSON and binary: whatever the bytes, it fills consistent tensors or refuses with a
// reason; and what it accepts is encoded without a crash. The first two bytes choose the length of the JSON.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "protocol/inference/decode.h"
#include "protocol/inference/encode.h"

namespace {

void check_tensor(const slipway::TensorView& tensor) {
  const auto count = slipway::element_count(tensor.shape);
  if (!count) std::abort();
  if (tensor.type == slipway::DataType::kBytes) {
    if (tensor.strings.size() != *count) std::abort();
    std::size_t sum = 0;
    for (const std::string_view text : tensor.strings) {
      for (const char c : text) sum += static_cast<unsigned char>(c);  // reads every byte that is claimed
    }
    static_cast<void>(sum);
  } else if (tensor.data.size() != *count * slipway::element_size(tensor.type)) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t length = data[0] + 256U * data[1];
  const std::size_t body = size - 2;
  std::vector<std::byte> bytes(body + 64);  // the server gives 64 readable bytes behind each body
  if (body > 0) std::memcpy(bytes.data(), data + 2, body);
  slipway::HttpRequest http;
  http.body = std::span(bytes).first(body);
  const std::string measured = std::to_string(length);
  if (length != 0xFFFF) http.headers.emplace_back("inference-header-content-length", measured);
  slipway::InferRequest infer;
  const auto status = slipway::decode_infer(http, infer);
  if (!status) {
    if (status.error().reason.empty() || status.error().message.empty()) std::abort();
    return 0;
  }
  slipway::InferResponse response{"model", "1", infer.id, {}};
  for (const auto& tensor : infer.inputs) {
    check_tensor(tensor);
    response.outputs.push_back(tensor);
  }
  slipway::HttpResponse answer;
  static_cast<void>(slipway::encode_infer(infer, response, answer));
  return 0;
}
