#include "registry/signature.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/bytes.h"
#include "base/json_writer.h"
#include "registry/strict_json.h"

namespace slipway {
namespace {

constexpr std::string_view kReason = "signature.invalid";
constexpr std::size_t kSignatureBytesMax = 4 << 20;
constexpr std::size_t kFieldsMax = 10'000;

// What values of a type are to a contract.
enum class Values : std::uint8_t { kBoolean, kInteger, kNumber, kText, kOther };

Values values_of(DataType type) noexcept {
  switch (type) {
    case DataType::kBool:
      return Values::kBoolean;
    case DataType::kBytes:
      return Values::kText;
    case DataType::kFp16:
    case DataType::kBf16:
    case DataType::kFp32:
    case DataType::kFp64:
      return Values::kNumber;
    default:
      return Values::kInteger;
  }
}

Values values_of_column(std::string_view type) noexcept {
  if (type == "boolean") return Values::kBoolean;
  if (type == "integer" || type == "long") return Values::kInteger;
  if (type == "float" || type == "double") return Values::kNumber;
  if (type == "string") return Values::kText;
  return Values::kOther;
}

std::string_view logical_type(Values values) noexcept {
  constexpr std::array<std::string_view, 5> kNames = {"boolean", "integer", "number", "string", ""};
  return kNames[static_cast<std::size_t>(values)];
}

std::optional<DataType> numpy_type(std::string_view name) noexcept {
  static constexpr std::pair<std::string_view, DataType> kTypes[] = {
      {"bool", DataType::kBool},     {"uint8", DataType::kUint8},   {"uint16", DataType::kUint16},
      {"uint32", DataType::kUint32}, {"uint64", DataType::kUint64}, {"int8", DataType::kInt8},
      {"int16", DataType::kInt16},   {"int32", DataType::kInt32},   {"int64", DataType::kInt64},
      {"float16", DataType::kFp16},  {"float32", DataType::kFp32},  {"float64", DataType::kFp64},
      {"object", DataType::kBytes},  {"str", DataType::kBytes},     {"bytes", DataType::kBytes}};
  for (const auto& [text, type] : kTypes) {
    if (text == name) return type;
  }
  return std::nullopt;
}

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text.append(i == 0 ? "" : ", ").append(std::to_string(shape[i]));
  return text + "]";
}

tl::unexpected<Error> disagree(std::string_view field, const std::string& says, const std::string& graph) {
  return fail(
      Code::kInvalidArgument, "signature.mismatch",
      "signature, input " + slipway::quoted(field) + ": the signature says " + says + ", the ONNX graph " + graph);
}

std::string names_of(std::span<const GraphInput> inputs) {
  std::string text;
  for (const GraphInput& input : inputs) text.append(text.empty() ? "" : ", ").append(slipway::quoted(input.name));
  return text.empty() ? "no input" : text;
}

const GraphInput* find(std::span<const GraphInput> inputs, std::string_view name) noexcept {
  const auto found = std::find_if(inputs.begin(), inputs.end(), [&](const GraphInput& i) { return i.name == name; });
  return found == inputs.end() ? nullptr : &*found;
}

Result<std::int64_t> dimension(const JsonValue& value) {
  std::int64_t size = 0;
  if (value.element().get(size) != simdjson::SUCCESS || size < -1)
    return value.refuse("a dimension is an integer of at least -1");
  return size;
}

Result<SignatureField> parse_tensor(SignatureField field, JsonMembers& members) {
  SLIPWAY_TRY(const JsonValue spec, members.require("tensor-spec"));
  SLIPWAY_TRY(JsonMembers parts, spec.object());
  SLIPWAY_TRY(const JsonValue dtype, parts.require("dtype"));
  SLIPWAY_TRY(field.type, dtype.text());
  SLIPWAY_TRY(const JsonValue shape, parts.require("shape"));
  SLIPWAY_TRY(const std::vector<JsonValue> sizes, shape.array(64));
  for (const JsonValue& size : sizes) {
    SLIPWAY_TRY(field.shape.emplace_back(), dimension(size));
  }
  field.is_tensor = true;
  return field;
}

// Members that later versions of the format bring are ignored.
Result<SignatureField> parse_field(const JsonValue& value) {
  SLIPWAY_TRY(JsonMembers members, value.object());
  SignatureField field;
  if (const auto name = members.take("name")) {
    SLIPWAY_TRY(field.name, name->text());
  }
  SLIPWAY_TRY(const JsonValue type, members.require("type"));
  SLIPWAY_TRY(field.type, type.text());
  if (field.type == "tensor") return parse_tensor(std::move(field), members);
  if (const auto required = members.take("required")) {
    if (required->element().get(field.is_required) != simdjson::SUCCESS) return required->refuse("true or false");
  }
  return field;
}

// One property of the contract. `column`: of a matrix; none: every value of the input.
struct Property {
  std::string name;
  Values values = Values::kOther;
  std::string tensor;
  std::optional<std::size_t> column;
  bool is_required = true;
};

std::string json_text(std::string_view text) {
  std::string json;
  append_json_string(json, text);
  return json;
}

// Texts stand in it as JSON writes them, which YAML reads the same way.
std::string contract_yaml(std::string_view model, std::span<const Property> properties) {
  std::string yaml = "apiVersion: v3.1.0\nkind: DataContract\nid: " + json_text(model) + "\nname: " + json_text(model) +
                     "\nversion: 1.0.0\nstatus: active\ndescription:\n"
                     "  purpose: What the signature of the model's MLmodel file says of its inputs\n"
                     "schema:\n  - name: inputs\n    properties:\n";
  for (const Property& property : properties) {
    yaml += "      - name: " + json_text(property.name) + '\n';
    if (property.values != Values::kOther) {
      yaml.append("        logicalType: ").append(logical_type(property.values)).push_back('\n');
    }
    if (property.is_required) yaml += "        required: true\n";
    yaml += "        customProperties:\n          - {property: tensor, value: " + json_text(property.tensor) + "}\n";
    if (property.column) yaml += "          - {property: column, value: " + std::to_string(*property.column) + "}\n";
    if (!property.is_required && property.values == Values::kNumber)
      yaml += "          - {property: nan, value: allow}\n";
  }
  return yaml;
}

Status check_shape(std::string_view name, std::span<const std::int64_t> says, const GraphInput& input) {
  if (!input.shape) return {};
  const auto agrees = [](std::int64_t a, std::int64_t b) { return a == -1 || b == -1 || a == b; };
  if (says.size() == input.shape->size() && std::equal(says.begin(), says.end(), input.shape->begin(), agrees))
    return {};
  return disagree(name, "the shape " + shape_text(says), "the shape " + shape_text(*input.shape));
}

Result<Property> tensor_property(const SignatureField& field, std::span<const GraphInput> inputs) {
  const GraphInput* const input = field.name.empty() && inputs.size() == 1 ? &inputs.front() : find(inputs, field.name);
  if (input == nullptr) return disagree(field.name, "it is a tensor", "has " + names_of(inputs));
  const auto type = numpy_type(field.type);
  if (input->type && type != input->type)
    return disagree(
        input->name, "the type " + field.type,
        "the type " + std::string(to_string(*input->type)) + "; log the model with a signature of that type");
  SLIPWAY_CHECK(check_shape(input->name, field.shape, *input));
  return Property{input->name, type ? values_of(*type) : Values::kOther, input->name, std::nullopt, true};
}

// A whole number can stand in an input of floating point, and a number of 64 bits in one of 32.
bool fits(Values column, DataType type) noexcept {
  const bool is_text = values_of(type) == Values::kText;
  return column == Values::kOther || (column == Values::kText) == is_text;
}

Result<Property> column_property(const SignatureField& field, const GraphInput& input,
                                 std::optional<std::size_t> column) {
  Property property{field.name, values_of_column(field.type), input.name, column, field.is_required};
  if (property.name.empty()) property.name = column ? "column " + std::to_string(*column) : input.name;
  if (input.type && !fits(property.values, *input.type))
    return disagree(property.name, "the type " + field.type, "the type " + std::string(to_string(*input.type)));
  if (property.values == Values::kNumber && input.type && values_of(*input.type) == Values::kInteger)
    return disagree(property.name, "the type " + field.type, "the type " + std::string(to_string(*input.type)));
  return property;
}

// One [rows, 1] input for each column.
Result<std::vector<Property>> by_name(std::span<const SignatureField> fields, std::span<const GraphInput> inputs) {
  std::vector<Property> properties;
  for (const GraphInput& input : inputs) {
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const SignatureField& f) { return f.name == input.name; });
    if (field == fields.end()) return disagree(input.name, "nothing of it", "needs it");
    SLIPWAY_TRY(properties.emplace_back(), column_property(*field, input, std::nullopt));
  }
  return properties;
}

// One matrix with a column for each.
Result<std::vector<Property>> by_position(std::span<const SignatureField> fields, const GraphInput& input) {
  if (!input.shape || input.shape->size() != 2 || (*input.shape)[1] == -1) {
    // The contract cannot tell columns of a matrix of any width apart.
    const bool is_number = std::all_of(fields.begin(), fields.end(), [](const SignatureField& field) {
      return values_of_column(field.type) != Values::kText;
    });
    return std::vector<Property>{
        {input.name, is_number ? Values::kNumber : Values::kText, input.name, std::nullopt, true}};
  }
  if (static_cast<std::size_t>((*input.shape)[1]) != fields.size()) {
    return disagree(input.name, std::to_string(fields.size()) + " columns",
                    "a matrix of the shape " + shape_text(*input.shape));
  }
  std::vector<Property> properties;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    SLIPWAY_TRY(properties.emplace_back(), column_property(fields[i], input, i));
  }
  return properties;
}

}  // namespace

Result<std::vector<SignatureField>> parse_signature(std::string_view json) {
  SLIPWAY_TRY(const JsonDocument document, JsonDocument::parse(json, kSignatureBytesMax, kReason));
  SLIPWAY_TRY(const std::vector<JsonValue> values, document.root().array(kFieldsMax));
  std::vector<SignatureField> fields;
  std::set<std::string, std::less<>> names;
  for (const JsonValue& value : values) {
    SLIPWAY_TRY(SignatureField field, parse_field(value));
    if (!field.name.empty() && !names.insert(field.name).second)
      return value.refuse("the name " + slipway::quoted(field.name) + " stands there twice");
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<std::string> contract_of_signature(std::string_view model, std::span<const SignatureField> fields,
                                          std::span<const GraphInput> inputs) {
  std::vector<Property> properties;
  const bool is_tensors = std::all_of(fields.begin(), fields.end(), [](const auto& field) { return field.is_tensor; });
  if (is_tensors) {
    for (const SignatureField& field : fields) {
      SLIPWAY_TRY(properties.emplace_back(), tensor_property(field, inputs));
    }
    for (const GraphInput& input : inputs) {
      const bool is_named = std::any_of(properties.begin(), properties.end(),
                                        [&](const Property& property) { return property.tensor == input.name; });
      if (!is_named) return disagree(input.name, "nothing of it", "needs it");
    }
  } else if (inputs.size() == 1 && (fields.size() != 1 || fields.front().name != inputs.front().name)) {
    SLIPWAY_TRY(properties, by_position(fields, inputs.front()));
  } else {
    SLIPWAY_TRY(properties, by_name(fields, inputs));
  }
  return contract_yaml(model, properties);
}

}  // namespace slipway
