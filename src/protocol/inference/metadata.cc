#include "protocol/inference/metadata.h"

#include "base/json_writer.h"

namespace slipway {
namespace {

void write_tensors(JsonWriter& json, std::string_view key, const std::vector<ModelTensor>& tensors) {
  json.key(key).begin_array();
  for (const ModelTensor& tensor : tensors) {
    json.begin_object().key("name").value(tensor.spec.name).key("datatype").value(to_string(tensor.spec.type));
    json.key("shape").begin_array();
    for (const std::int64_t dimension : tensor.spec.shape) json.value(dimension);
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace

std::string live_body() { return "{\"live\":true}"; }

std::string ready_body(bool is_ready) { return is_ready ? "{\"ready\":true}" : "{\"ready\":false}"; }

std::string server_metadata_body() {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("name").value("slipway").key("version").value(SLIPWAY_VERSION);
  json.key("extensions").begin_array();
  for (const char* extension : {"binary_tensor_data", "classification", "logging", "model_configuration",
                                "model_repository", "parameters", "schedule_policy", "statistics"}) {
    json.value(extension);
  }
  json.end_array().end_object();
  return out;
}

std::string model_list_body(std::span<const std::string_view> names) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("models").begin_array();
  for (const std::string_view name : names) json.value(name);
  json.end_array().end_object();
  return out;
}

std::string model_ready_body(std::string_view model, bool is_ready) {
  std::string out;
  JsonWriter(out).begin_object().key("name").value(model).key("ready").value(is_ready).end_object();
  return out;
}

std::string model_metadata_body(std::string_view model, std::span<const std::string_view> versions,
                                std::string_view platform, const ModelSignature& signature) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("name").value(model).key("versions").begin_array();
  for (const std::string_view version : versions) json.value(version);
  json.end_array().key("platform").value(platform);
  write_tensors(json, "inputs", signature.inputs);
  write_tensors(json, "outputs", signature.outputs);
  json.end_object();
  return out;
}

}  // namespace slipway
