#include "registry/flavor.h"

#include <gmock/gmock.h>

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// As MLflow 3 writes it, with the signature folded over two lines.
constexpr std::string_view kOnnx = R"(artifact_path: mlflow-artifacts:/0/models/m-1/artifacts
flavors:
  onnx:
    code: null
    data: model.onnx
    onnx_session_options: null
    onnx_version: 1.19.0
    providers:
    - CUDAExecutionProvider
    - CPUExecutionProvider
  python_function:
    data: model.onnx
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.onnx
    python_version: 3.11.2
is_signature_from_type_hint: false
mlflow_version: 3.17.2
model_id: m-1
signature:
  inputs: '[{"type": "double", "name": "sepal length", "required": true}, {"type": "double",
    "name": "sepal width", "required": true}]'
  outputs: '[{"type": "long", "required": true}]'
  params: null
type_hint_from_example: false
utc_time_created: '2026-11-24 22:27:32.000001'
)";

TEST(MlModel, ReadsFlavorsAndSignature) {
  const auto file = parse_mlmodel(kOnnx);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_THAT(file->flavors, ElementsAre("onnx", "python_function"));
  EXPECT_EQ(file->onnx_file, "model.onnx");
  EXPECT_EQ(file->signature_inputs,
            R"([{"type": "double", "name": "sepal length", "required": true}, {"type": "double", )"
            R"("name": "sepal width", "required": true}])");
}

TEST(MlModel, RefusesWhatNamesNoFlavor) {
  for (const std::string_view text : {"", "a: 1", "flavors: 1", "flavors:\n  onnx:\n    code: null\n", "{{"}) {
    const auto refused = parse_mlmodel(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().reason, "mlmodel.invalid") << text;
  }
}

TEST(MlModel, OtherFlavorsComeWithTheCommandThatConvertsThem) {
  const struct {
    const char* flavor;
    const char* command;
  } kCases[] = {{"sklearn", "skl2onnx.to_onnx"},
                {"xgboost", "onnxmltools.convert_xgboost"},
                {"lightgbm", "onnxmltools.convert_lightgbm"},
                {"pytorch", "torch.onnx.export"},
                {"spacy", "Convert it to ONNX"}};
  for (const auto& [flavor, command] : kCases) {
    const std::string reason = not_servable_reason({{"python_function", flavor}, "", ""}, "My \"iris\"", 3);
    EXPECT_THAT(reason, HasSubstr("not servable"));
    EXPECT_THAT(reason, HasSubstr(std::string("the flavor ") + flavor + "."));
    EXPECT_THAT(reason, HasSubstr(command));
    EXPECT_THAT(reason, HasSubstr("registered_model_name=\"My \\\"iris\\\"\""));
  }
}

TEST(MlModel, OneIsMadeForABundleWithoutIt) {
  Manifest manifest;
  manifest.model = "net \"1\".onnx";
  const auto file = parse_mlmodel(mlmodel_of(manifest, "2026-11-24 22:27:32.000001"));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_THAT(file->flavors, ElementsAre("onnx", "python_function"));
  EXPECT_EQ(file->onnx_file, "net \"1\".onnx");
}

}  // namespace
}  // namespace slipway
