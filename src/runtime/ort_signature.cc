#include "runtime/ort_signature.h"

#include <algorithm>

#include "base/bytes.h"
#include "runtime/onnx_types.h"

namespace slipway {
namespace {

constexpr auto kCode = Code::kInternal;
constexpr std::string_view kReason = "model.load_failed";
constexpr std::string_view kWhat = "the model's inputs and outputs cannot be read";

const OnnxValue* find_value(const std::vector<OnnxValue>& values, std::string_view name) {
  const auto found = std::ranges::find(values, name, [](const OnnxValue& v) -> std::string_view { return v.name; });
  return found == values.end() ? nullptr : &*found;
}

tl::unexpected<Error> unsupported(bool is_input, const std::string& name, const OnnxValue* declared) {
  return fail(Code::kUnimplemented, is_input ? "model.input_kind" : "model.output_kind",
              std::string(is_input ? "input " : "output ") + quoted(name) + " is a " +
                  (declared == nullptr ? std::string("value") : declared->type_text) +
                  ", which cannot be carried as a tensor");
}

Result<std::string> name_at(const OrtSession& session, OrtAllocator* allocator, bool is_input, std::size_t index) {
  char* text = nullptr;
  const auto get = is_input ? ort::api().SessionGetInputName : ort::api().SessionGetOutputName;
  SLIPWAY_ORT(get(&session, index, allocator, &text), kCode, kReason, kWhat);
  std::string name(text);
  allocator->Free(allocator, text);
  return name;
}

Result<ort::TypeInfo> type_at(const OrtSession& session, bool is_input, std::size_t index) {
  OrtTypeInfo* raw = nullptr;
  const auto get = is_input ? ort::api().SessionGetInputTypeInfo : ort::api().SessionGetOutputTypeInfo;
  SLIPWAY_ORT(get(&session, index, &raw), kCode, kReason, kWhat);
  return ort::TypeInfo(raw);
}

Result<ONNXType> kind_of(const OrtTypeInfo* info) {
  ONNXType kind = ONNX_TYPE_UNKNOWN;
  SLIPWAY_ORT(ort::api().GetOnnxTypeFromTypeInfo(info, &kind), kCode, kReason, kWhat);
  return kind;
}

struct TensorType {
  std::optional<DataType> type;
  std::vector<std::int64_t> shape;
};

Result<TensorType> tensor_type(const OrtTypeInfo* info) {
  const OrtTensorTypeAndShapeInfo* tensor = nullptr;  // lives in `info`
  SLIPWAY_ORT(ort::api().CastTypeInfoToTensorInfo(info, &tensor), kCode, kReason, kWhat);
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  SLIPWAY_ORT(ort::api().GetTensorElementType(tensor, &element), kCode, kReason, kWhat);
  std::size_t rank = 0;
  SLIPWAY_ORT(ort::api().GetDimensionsCount(tensor, &rank), kCode, kReason, kWhat);
  TensorType type{ort::from_ort(element), std::vector<std::int64_t>(rank)};
  SLIPWAY_ORT(ort::api().GetDimensions(tensor, type.shape.data(), rank), kCode, kReason, kWhat);
  return type;
}

struct MapType {
  std::optional<DataType> key;
  std::optional<DataType> value;
};

Result<MapType> map_type(const OrtTypeInfo* info) {
  const OrtMapTypeInfo* map = nullptr;
  SLIPWAY_ORT(ort::api().CastTypeInfoToMapTypeInfo(info, &map), kCode, kReason, kWhat);
  ONNXTensorElementDataType key = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  SLIPWAY_ORT(ort::api().GetMapKeyType(map, &key), kCode, kReason, kWhat);
  OrtTypeInfo* raw = nullptr;
  SLIPWAY_ORT(ort::api().GetMapValueType(map, &raw), kCode, kReason, kWhat);
  const ort::TypeInfo value(raw);
  SLIPWAY_TRY(const ONNXType kind, kind_of(raw));
  if (kind != ONNX_TYPE_TENSOR) return MapType{ort::from_ort(key), std::nullopt};
  SLIPWAY_TRY(const TensorType tensor, tensor_type(raw));
  return MapType{ort::from_ort(key), tensor.type};
}

Result<ort::TypeInfo> sequence_element(const OrtTypeInfo* info) {
  const OrtSequenceTypeInfo* sequence = nullptr;
  SLIPWAY_ORT(ort::api().CastTypeInfoToSequenceTypeInfo(info, &sequence), kCode, kReason, kWhat);
  OrtTypeInfo* raw = nullptr;
  SLIPWAY_ORT(ort::api().GetSequenceElementType(sequence, &raw), kCode, kReason, kWhat);
  return ort::TypeInfo(raw);
}

ModelTensor make_tensor(std::string name, TensorType&& type, const OnnxValue* declared) {
  ModelTensor tensor;
  tensor.spec = {std::move(name), *type.type, std::move(type.shape)};
  tensor.has_rank = !tensor.spec.shape.empty() || (declared != nullptr && declared->has_rank);
  return tensor;
}

// Values first under the output's own name, then its keys.
void add_map(SessionLayout& layout, std::uint32_t source, const std::string& name, const MapType& type, bool has_rows) {
  std::vector<std::int64_t> values_shape = has_rows ? std::vector<std::int64_t>{-1, -1} : std::vector<std::int64_t>{-1};
  layout.signature.outputs.push_back({{name, *type.value, std::move(values_shape)}, true, false});
  layout.signature.outputs.push_back({{name + ".keys", *type.key, {-1}}, true, false});
  layout.parts.push_back({source, has_rows ? OutputPart::Kind::kRowValues : OutputPart::Kind::kMapValues});
  layout.parts.push_back({source, has_rows ? OutputPart::Kind::kRowKeys : OutputPart::Kind::kMapKeys});
}

Status add_output(SessionLayout& layout, std::uint32_t source, const std::string& name, const OrtTypeInfo* info,
                  const OnnxValue* declared) {
  SLIPWAY_TRY(const ONNXType kind, kind_of(info));
  if (kind == ONNX_TYPE_TENSOR) {
    SLIPWAY_TRY(TensorType type, tensor_type(info));
    if (!type.type) return unsupported(false, name, declared);
    layout.signature.outputs.push_back(make_tensor(name, std::move(type), declared));
    layout.parts.push_back({source, OutputPart::Kind::kTensor});
    return {};
  }
  if (kind == ONNX_TYPE_MAP) {
    SLIPWAY_TRY(const MapType type, map_type(info));
    if (!type.key || !type.value) return unsupported(false, name, declared);
    add_map(layout, source, name, type, false);
    return {};
  }
  if (kind != ONNX_TYPE_SEQUENCE) return unsupported(false, name, declared);
  SLIPWAY_TRY(const ort::TypeInfo element, sequence_element(info));
  SLIPWAY_TRY(const ONNXType element_kind, kind_of(element.get()));
  if (element_kind != ONNX_TYPE_MAP) return unsupported(false, name, declared);
  SLIPWAY_TRY(const MapType type, map_type(element.get()));
  if (!type.key || !type.value) return unsupported(false, name, declared);
  add_map(layout, source, name, type, true);
  return {};
}

Status add_input(SessionLayout& layout, const std::string& name, const OrtTypeInfo* info, const OnnxValue* declared) {
  SLIPWAY_TRY(const ONNXType kind, kind_of(info));
  if (kind != ONNX_TYPE_TENSOR) return unsupported(true, name, declared);
  SLIPWAY_TRY(TensorType type, tensor_type(info));
  if (!type.type) return unsupported(true, name, declared);
  layout.signature.inputs.push_back(make_tensor(name, std::move(type), declared));
  return {};
}

Status check_names(const ModelSignature& signature) {
  for (std::size_t i = 0; i < signature.outputs.size(); ++i) {
    if (signature.find_output(signature.outputs[i].spec.name) == i) continue;
    return fail(Code::kInvalidArgument, "model.duplicate_output",
                "the model has two outputs " + quoted(signature.outputs[i].spec.name));
  }
  return {};
}

}  // namespace

Result<SessionLayout> read_layout(const OrtSession& session, OrtAllocator* allocator, const OnnxSummary& summary) {
  SessionLayout layout;
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  SLIPWAY_ORT(ort::api().SessionGetInputCount(&session, &inputs), kCode, kReason, kWhat);
  SLIPWAY_ORT(ort::api().SessionGetOutputCount(&session, &outputs), kCode, kReason, kWhat);
  for (std::size_t i = 0; i < inputs; ++i) {
    SLIPWAY_TRY(std::string name, name_at(session, allocator, true, i));
    SLIPWAY_TRY(const ort::TypeInfo info, type_at(session, true, i));
    SLIPWAY_CHECK(add_input(layout, name, info.get(), find_value(summary.inputs, name)));
    layout.input_names.push_back(std::move(name));
  }
  for (std::size_t i = 0; i < outputs; ++i) {
    SLIPWAY_TRY(std::string name, name_at(session, allocator, false, i));
    SLIPWAY_TRY(const ort::TypeInfo info, type_at(session, false, i));
    SLIPWAY_CHECK(
        add_output(layout, static_cast<std::uint32_t>(i), name, info.get(), find_value(summary.outputs, name)));
    layout.output_names.push_back(std::move(name));
  }
  SLIPWAY_CHECK(check_names(layout.signature));
  return layout;
}

}  // namespace slipway
