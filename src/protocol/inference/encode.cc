#include "protocol/inference/encode.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "protocol/inference/binary_tensor.h"

namespace slipway {
namespace {

bool is_binary(const InferRequest& request, std::string_view name) noexcept {
  for (const RequestedOutput& output : request.outputs) {
    if (output.name == name) return output.is_binary;
  }
  return request.wants_binary_output;
}

template <typename T>
void append_number(std::string& out, T number) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  out.append(digits, end);
}

// Elements of `data` may lie unaligned. `append` is bool(out, T); false: the element has no JSON form.
template <typename T, typename Append>
bool append_elements(std::span<const std::byte> data, std::string& out, Append append) {
  for (std::size_t at = 0; at < data.size(); at += sizeof(T)) {
    T element;
    std::memcpy(&element, data.data() + at, sizeof(T));
    if (at > 0) out += ',';
    if (!append(out, element)) return false;
  }
  return true;
}

template <typename T>
bool append_integers(std::span<const std::byte> data, std::string& out) {
  return append_elements<T>(data, out, [](std::string& text, T element) {
    append_number(text, element);
    return true;
  });
}

template <typename T>
bool append_finite(std::string& out, T number) {
  if (!std::isfinite(number)) return false;
  append_number(out, number);
  return true;
}

bool append_texts(const TensorView& tensor, std::string& out) {
  for (std::size_t i = 0; i < tensor.strings.size(); ++i) {
    if (!is_utf8(tensor.strings[i])) return false;
    if (i > 0) out += ',';
    append_json_string(out, tensor.strings[i]);
  }
  return true;
}

bool append_data(const TensorView& tensor, std::string& out) {
  switch (tensor.type) {
    case DataType::kBool:
      return append_elements<std::uint8_t>(tensor.data, out, [](std::string& text, std::uint8_t element) {
        text += element != 0 ? "true" : "false";
        return true;
      });
    case DataType::kUint8:
      return append_integers<std::uint8_t>(tensor.data, out);
    case DataType::kUint16:
      return append_integers<std::uint16_t>(tensor.data, out);
    case DataType::kUint32:
      return append_integers<std::uint32_t>(tensor.data, out);
    case DataType::kUint64:
      return append_integers<std::uint64_t>(tensor.data, out);
    case DataType::kInt8:
      return append_integers<std::int8_t>(tensor.data, out);
    case DataType::kInt16:
      return append_integers<std::int16_t>(tensor.data, out);
    case DataType::kInt32:
      return append_integers<std::int32_t>(tensor.data, out);
    case DataType::kInt64:
      return append_integers<std::int64_t>(tensor.data, out);
    case DataType::kFp16:
      return append_elements<std::uint16_t>(tensor.data, out, [](std::string& text, std::uint16_t element) {
        return append_finite(text, half_to_float(element));
      });
    case DataType::kBf16:
      return append_elements<std::uint16_t>(tensor.data, out, [](std::string& text, std::uint16_t element) {
        return append_finite(text, bfloat16_to_float(element));
      });
    case DataType::kFp32:
      return append_elements<float>(tensor.data, out, append_finite<float>);
    case DataType::kFp64:
      return append_elements<double>(tensor.data, out, append_finite<double>);
    case DataType::kBytes:
      return append_texts(tensor, out);
  }
  return false;
}

void append_head(const TensorView& output, std::string& out) {
  out += "{\"name\":";
  append_json_string(out, output.name);
  out += ",\"datatype\":\"";
  out += to_string(output.type);
  out += "\",\"shape\":[";
  for (std::size_t i = 0; i < output.shape.size(); ++i) {
    if (i > 0) out += ',';
    append_number(out, output.shape[i]);
  }
  out += ']';
}

}  // namespace

Status encode_infer(const InferRequest& request, const InferResponse& response, HttpResponse& http) {
  std::size_t binary_bytes = 0;
  std::size_t json_bytes = 256;
  bool has_binary = false;
  for (const TensorView& output : response.outputs) {
    const std::size_t size = binary_size(output);
    json_bytes += 128 + output.name.size();
    if (is_binary(request, output.name)) {
      has_binary = true;
      binary_bytes += size;
    } else {
      json_bytes += size * 3;
    }
  }

  std::string& out = http.body;
  out.clear();
  out.reserve(json_bytes + binary_bytes);
  out += '{';
  if (!response.id.empty()) {
    out += "\"id\":";
    append_json_string(out, response.id);
    out += ',';
  }
  out += "\"model_name\":";
  append_json_string(out, response.model);
  out += ",\"model_version\":";
  append_json_string(out, response.version);
  if (!response.degraded.empty()) [[unlikely]] {
    out += ",\"parameters\":{\"slipway_degraded\":";
    append_json_string(out, response.degraded);
    out += '}';
    http.headers.emplace_back("slipway-degraded", response.degraded);
  }
  if (!response.cache.empty()) http.headers.emplace_back("slipway-cache", response.cache);
  out += ",\"outputs\":[";
  bool is_first = true;
  for (const TensorView& output : response.outputs) {
    if (!is_first) out += ',';
    is_first = false;
    append_head(output, out);
    if (is_binary(request, output.name)) {
      out += ",\"parameters\":{\"binary_data_size\":";
      append_number(out, binary_size(output));
      out += "}}";
      continue;
    }
    out += ",\"data\":[";
    if (!append_data(output, out)) {
      return fail(Code::kOutOfRange, "infer.not_json",
                  "output " + quoted(output.name) +
                      " holds values that JSON has no form for (NaN, an infinity, or bytes that are not "
                      "UTF-8); ask for it in binary with the output parameter \"binary_data\": true");
    }
    out += "]}";
  }
  out += "]}";
  if (!has_binary) {
    http.content_type = "application/json";
    return {};
  }
  http.content_type = "application/octet-stream";
  http.headers.emplace_back("Inference-Header-Content-Length", std::to_string(out.size()));
  for (const TensorView& output : response.outputs) {
    if (is_binary(request, output.name)) append_binary(output, out);
  }
  return {};
}

}  // namespace slipway
