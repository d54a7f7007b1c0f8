#include "protocol/grpc/infer_message.h"
#include "protocol/inference/binary_tensor.h"

namespace slipway {
namespace {

enum class Wire : std::uint8_t { kVarint = 0, kLength = 2 };

void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(static_cast<unsigned char>(value | 0x80U));
    value >>= 7U;
  }
  out += static_cast<char>(value);
}

std::size_t varint_size(std::uint64_t value) noexcept {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7U) ++size;
  return size;
}

void append_key(std::string& out, std::uint32_t field, Wire wire) {
  append_varint(out, field << 3U | static_cast<std::uint32_t>(wire));
}

void append_text(std::string& out, std::uint32_t field, std::string_view text) {
  append_key(out, field, Wire::kLength);
  append_varint(out, text.size());
  out += text;
}

// All keys here are one byte: fields are below 16.
std::size_t text_size(std::string_view text) noexcept { return 1 + varint_size(text.size()) + text.size(); }

std::size_t shape_size(std::span<const std::int64_t> shape) noexcept {
  std::size_t size = 0;
  for (const std::int64_t dimension : shape) size += varint_size(static_cast<std::uint64_t>(dimension));
  return size;
}

// An InferOutputTensor without its contents.
std::size_t tensor_size(const TensorView& tensor) noexcept {
  const std::size_t shape = shape_size(tensor.shape);
  return text_size(tensor.name) + text_size(to_string(tensor.type)) + (shape == 0 ? 0 : 1 + varint_size(shape) + shape);
}

void append_tensor(std::string& out, const TensorView& tensor) {
  append_key(out, 5, Wire::kLength);
  append_varint(out, tensor_size(tensor));
  append_text(out, 1, tensor.name);
  append_text(out, 2, to_string(tensor.type));
  if (tensor.shape.empty()) return;
  append_key(out, 3, Wire::kLength);
  append_varint(out, shape_size(tensor.shape));
  for (const std::int64_t dimension : tensor.shape) append_varint(out, static_cast<std::uint64_t>(dimension));
}

// An entry of map<string, InferParameter>; `choice` is the encoded InferParameter.
void append_parameter(std::string& out, std::string_view key, std::string_view choice) {
  append_key(out, 4, Wire::kLength);
  append_varint(out, text_size(key) + text_size(choice));
  append_text(out, 1, key);
  append_text(out, 2, choice);
}

void append_text_parameter(std::string& out, std::string_view key, std::string_view text) {
  std::string choice;
  append_text(choice, 3, text);
  append_parameter(out, key, choice);
}

std::size_t response_size(const InferResponse& response) noexcept {
  std::size_t size = 96 + text_size(response.model) + text_size(response.version) + text_size(response.id) +
                     2 * response.degraded.size();
  for (const TensorView& output : response.outputs) {
    size += 2 + 2 * varint_size(SIZE_MAX) + tensor_size(output) + binary_size(output);
  }
  return size;
}

void append_response(std::string& out, const InferResponse& response, bool is_final) {
  append_text(out, 1, response.model);
  append_text(out, 2, response.version);
  if (!response.id.empty()) append_text(out, 3, response.id);
  if (is_final) append_parameter(out, "triton_final_response", "\x08\x01");
  if (!response.degraded.empty()) [[unlikely]]
    append_text_parameter(out, "slipway_degraded", response.degraded);
  if (!response.cache.empty()) append_text_parameter(out, "slipway_cache", response.cache);
  for (const TensorView& output : response.outputs) append_tensor(out, output);
  for (const TensorView& output : response.outputs) {
    append_key(out, 6, Wire::kLength);
    append_varint(out, binary_size(output));
    append_binary(output, out);
  }
}

}  // namespace

std::string write_infer_message(const InferResponse& response, bool is_final) {
  std::string out;
  out.reserve(response_size(response));
  append_response(out, response, is_final);
  return out;
}

std::string write_stream_message(const InferResponse& response) {
  const std::string inner = write_infer_message(response, true);
  std::string out;
  out.reserve(text_size(inner));
  append_text(out, 2, inner);
  return out;
}

std::string write_stream_failure(std::string_view message, std::string_view model, std::string_view id) {
  InferResponse named;
  named.model = model;
  named.id = id;
  std::string out;
  append_text(out, 1, message);
  append_text(out, 2, write_infer_message(named, true));
  return out;
}

}  // namespace slipway
