#include "registry/flavor.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "data/yaml_tree.h"

namespace slipway {
namespace {

constexpr std::size_t kMlModelBytesMax = 8 << 20;

tl::unexpected<Error> invalid(std::string message) {
  return fail(Code::kInvalidArgument, "mlmodel.invalid", "MLmodel: " + std::move(message));
}

std::string text_at(const yaml::Node& node, std::string_view key) {
  const yaml::Node* const found = node.find(key);
  return found != nullptr && found->kind == yaml::Node::Kind::kScalar ? found->text : std::string();
}

// How a model of one flavor becomes an ONNX model in Python: what to install, and the expression that makes it of
// `model`, for one batch `X` of its inputs.
struct Conversion {
  std::string_view flavor;
  std::string_view packages;
  std::string_view load;     // of mlflow
  std::string_view imports;  // statement
  std::string_view expression;
};

constexpr Conversion kConversions[] = {
    {"sklearn", "skl2onnx onnx", "sklearn", "import skl2onnx", "skl2onnx.to_onnx(model, X[:1])"},
    {"xgboost", "onnxmltools onnx", "xgboost",
     "import onnxmltools; from onnxmltools.convert.common.data_types import FloatTensorType",
     "onnxmltools.convert_xgboost(model, initial_types=[('input', FloatTensorType([None, X.shape[1]]))])"},
    {"lightgbm", "onnxmltools onnx", "lightgbm",
     "import onnxmltools; from onnxmltools.convert.common.data_types import FloatTensorType",
     "onnxmltools.convert_lightgbm(model, initial_types=[('input', FloatTensorType([None, X.shape[1]]))])"},
    {"catboost", "onnx", "catboost", "import onnx",
     "(model.save_model('model.onnx', format='onnx'), onnx.load('model.onnx'))[1]"},
    {"pytorch", "onnx onnxscript", "pytorch", "import onnx, torch",
     "(torch.onnx.export(model, (torch.as_tensor(X),), 'model.onnx', dynamo=True), onnx.load('model.onnx'))[1]"},
    {"tensorflow", "tf2onnx onnx", "tensorflow", "import tf2onnx", "tf2onnx.convert.from_keras(model)[0]"},
    {"keras", "tf2onnx onnx", "keras", "import tf2onnx", "tf2onnx.convert.from_keras(model)[0]"},
};

const Conversion* find_conversion(const MlModel& file) {
  for (const Conversion& conversion : kConversions) {
    if (std::find(file.flavors.begin(), file.flavors.end(), conversion.flavor) != file.flavors.end())
      return &conversion;
  }
  return nullptr;
}

std::string json_text(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

}  // namespace

Result<MlModel> parse_mlmodel(std::string_view text) {
  const auto document = yaml::Document::parse(text, {.text_bytes_max = kMlModelBytesMax});
  if (!document) return invalid(document.error().message);
  const yaml::Node* const flavors = document->root().find("flavors");
  if (flavors == nullptr || flavors->kind != yaml::Node::Kind::kMap) return invalid("it names no flavors");
  MlModel file;
  for (const yaml::Entry& entry : flavors->entries) file.flavors.push_back(entry.key);
  if (const yaml::Node* const onnx = flavors->find("onnx")) {
    file.onnx_file = text_at(*onnx, "data");
    if (file.onnx_file.empty()) return invalid("the flavor onnx does not name its file (data)");
  }
  if (const yaml::Node* const signature = document->root().find("signature"))
    file.signature_inputs = text_at(*signature, "inputs");
  return file;
}

std::string not_servable_reason(const MlModel& file, std::string_view model, std::int64_t number) {
  std::string flavors;
  for (const std::string& flavor : file.flavors) {
    if (flavor == "python_function" && file.flavors.size() > 1) continue;
    flavors.append(flavors.empty() ? "" : ", ").append(flavor);
  }
  std::string reason = "not servable: Slipway runs ONNX models, and this one has the flavor " + flavors + ". ";
  const Conversion* const conversion = find_conversion(file);
  if (conversion == nullptr) {
    return reason +
           "Convert it to ONNX and register that: mlflow.onnx.log_model(onnx_model, name=\"model\", "
           "registered_model_name=" +
           json_text(model) + ")";
  }
  reason.append("With X, a batch of its inputs: pip install ").append(conversion->packages).append("; python: ");
  reason.append("import mlflow; ").append(conversion->imports).append("; model = mlflow.").append(conversion->load);
  reason.append(".load_model(").append(json_text("models:/" + std::string(model) + '/' + std::to_string(number)));
  reason.append("); mlflow.onnx.log_model(").append(conversion->expression).append(", name=\"model\", ");
  return reason + "registered_model_name=" + json_text(model) + ")";
}

std::string mlmodel_of(const Manifest& manifest, std::string_view utc_time_created) {
  const std::string data = json_text(manifest.model);
  std::string text = "flavors:\n  onnx:\n    code: null\n    data: " + data +
                     "\n    onnx_session_options: null\n    onnx_version: '1'\n    providers:\n"
                     "    - CPUExecutionProvider\n  python_function:\n    code: null\n    data: " +
                     data + "\n    env: null\n    loader_module: mlflow.onnx\n    python_version: 3.10.0\n";
  return text.append("mlflow_version: 2.22.0\nutc_time_created: ").append(json_text(utc_time_created)) + '\n';
}

}  // namespace slipway
