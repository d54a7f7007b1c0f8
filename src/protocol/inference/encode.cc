#include "protocol/inference/encode.h"

#include "base/bytes.h"
#include "base/json_writer.h"
#include "protocol/inference/binary_tensor.h"
#include "protocol/inference/encode_tensor.h"

namespace slipway {
namespace {

bool is_binary(const InferRequest& request, std::string_view name) noexcept {
  for (const RequestedOutput& output : request.outputs) {
    if (output.name == name) return output.is_binary;
  }
  return request.wants_binary_output;
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
  out += ",\"outputs\":[";
  bool is_first = true;
  for (const TensorView& output : response.outputs) {
    if (!is_first) out += ',';
    is_first = false;
    append_tensor_head(output, out);
    if (is_binary(request, output.name)) {
      out += ",\"parameters\":{\"binary_data_size\":";
      out += std::to_string(binary_size(output));
      out += "}}";
      continue;
    }
    out += ",\"data\":[";
    if (!append_tensor_data(output, out)) {
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
