#include "loadtest/payload.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <inference.pb.h>

#include "base/json_writer.h"
#include "base/random.h"

namespace slipway::loadtest {
namespace {

using Shape = std::vector<std::int64_t>;
constexpr std::size_t kElementsMax = std::size_t{1} << 26;

// One as it is sent.
struct Input {
  const TensorSpec* spec = nullptr;
  Shape shape;
  std::size_t elements = 0;
};

std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (const std::int64_t dimension : shape) text += (text.size() > 1 ? "," : "") + std::to_string(dimension);
  return text + ']';
}

Result<Shape> shape_of(const TensorSpec& input, const PayloadSettings& settings) {
  const auto refuse = [&](const std::string& why) {
    return fail(Code::kInvalidArgument, "bench.shape",
                "input '" + input.name + "' is declared as " + shape_text(input.shape) + ": " + why);
  };
  const auto given = settings.shapes.find(input.name);
  if (given != settings.shapes.end()) {
    const bool fits = std::equal(given->second.begin(), given->second.end(), input.shape.begin(), input.shape.end(),
                                 [](auto have, auto want) { return have >= 0 && (want == have || want == -1); });
    if (!fits) return refuse(shape_text(given->second) + " does not fit");
    return given->second;
  }
  Shape shape = input.shape;
  if (!shape.empty() && shape[0] == -1) shape[0] = settings.rows;
  if (std::find(shape.begin(), shape.end(), -1) != shape.end()) {
    return refuse("give its variable dimensions, such as --shape " + input.name + ":1,224");
  }
  return shape;
}

template <typename T>
void append_raw(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

// One value in both forms. The floats of 16 bits are multiples of 1/64, exact in both of their formats.
void append_element(DataType type, std::uint64_t random, JsonWriter* json, std::string& raw) {
  const auto put = [&](auto value) { json != nullptr ? (void)json->value(value) : append_raw(raw, value); };
  const auto small = static_cast<int>(random % 10);
  const auto coarse = static_cast<float>(random % 64) / 64;
  switch (type) {
    case DataType::kBool:
      return put((random & 1) != 0);
    case DataType::kUint8:
      return put(static_cast<std::uint8_t>(small));
    case DataType::kUint16:
      return put(static_cast<std::uint16_t>(small));
    case DataType::kUint32:
      return put(static_cast<std::uint32_t>(small));
    case DataType::kUint64:
      return put(static_cast<std::uint64_t>(small));
    case DataType::kInt8:
      return put(static_cast<std::int8_t>(small));
    case DataType::kInt16:
      return put(static_cast<std::int16_t>(small));
    case DataType::kInt32:
      return put(static_cast<std::int32_t>(small));
    case DataType::kInt64:
      return put(static_cast<std::int64_t>(small));
    case DataType::kFp16:
      return json != nullptr ? put(coarse) : append_raw(raw, float_to_half(coarse));
    case DataType::kBf16:
      if (json != nullptr) return put(coarse);
      return append_raw(raw, static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(coarse) >> 16));
    case DataType::kFp32:
      return put(static_cast<float>(random >> 40) * 0x1p-24F);
    case DataType::kFp64:
      return put(static_cast<double>(random >> 11) * 0x1p-53);
    case DataType::kBytes:
      break;
  }
  std::string word;
  for (int i = 0; i < 8; ++i, random /= 26) word += static_cast<char>('a' + random % 26);
  if (json != nullptr) {
    json->value(word);
  } else {
    append_raw(raw, static_cast<std::uint32_t>(word.size()));
    raw += word;
  }
}

Result<Input> describe(const TensorSpec& spec, const PayloadSettings& settings) {
  Input input{&spec, {}, 0};
  SLIPWAY_TRY(input.shape, shape_of(spec, settings));
  SLIPWAY_TRY(input.elements, element_count(input.shape));
  if (input.elements > kElementsMax) {
    return fail(Code::kInvalidArgument, "bench.shape", "input '" + spec.name + "' has more than 67,108,864 values");
  }
  return input;
}

Result<std::vector<Input>> describe_all(std::span<const TensorSpec> specs, const PayloadSettings& settings) {
  for (const auto& [name, shape] : settings.shapes) {
    const auto is_it = [&wanted = name](const TensorSpec& input) { return input.name == wanted; };
    if (std::none_of(specs.begin(), specs.end(), is_it)) {
      return fail(Code::kInvalidArgument, "bench.shape", "the model has no input '" + name + "'");
    }
  }
  std::vector<Input> inputs;
  for (const TensorSpec& spec : specs) {
    SLIPWAY_TRY(inputs.emplace_back(), describe(spec, settings));
  }
  return inputs;
}

// Of the first input, where its first dimension is variable.
std::uint64_t rows_of(std::span<const Input> inputs) {
  if (inputs.empty() || inputs[0].shape.empty() || inputs[0].spec->shape[0] != -1) return 1;
  return static_cast<std::uint64_t>(inputs[0].shape[0]);
}

}  // namespace

Result<TensorSpec> declared_input(const std::string& name, const std::string& datatype,
                                  std::vector<std::int64_t> shape) {
  const auto type = parse_data_type(datatype);
  if (type) return TensorSpec{name, *type, std::move(shape)};
  return fail(Code::kUnimplemented, "bench.datatype",
              "input '" + name + "' has the type '" + datatype + "', which the Open Inference Protocol lacks");
}

Result<Payload> make_payload(std::span<const TensorSpec> specs, const PayloadSettings& settings) {
  SLIPWAY_TRY(const auto inputs, describe_all(specs, settings));
  Payload payload;
  payload.rows = rows_of(inputs);
  SeededRandom random(settings.seed);
  std::string raw;
  JsonWriter json(payload.body);
  json.begin_object().key("inputs").begin_array();
  for (const Input& input : inputs) {
    const DataType type = input.spec->type;
    json.begin_object().key("name").value(input.spec->name).key("datatype").value(to_string(type));
    json.key("shape").begin_array();
    for (const std::int64_t dimension : input.shape) json.value(dimension);
    json.end_array();
    const std::size_t raw_begin = raw.size();
    if (!settings.is_binary) json.key("data").begin_array();
    for (std::size_t i = 0; i < input.elements; ++i) {
      append_element(type, random.next(), settings.is_binary ? nullptr : &json, raw);
    }
    if (settings.is_binary) {
      json.key("parameters").begin_object().key("binary_data_size").value(raw.size() - raw_begin).end_object();
    } else {
      json.end_array();
    }
    json.end_object();
  }
  json.end_array();
  if (settings.is_binary) json.key("parameters").begin_object().key("binary_data_output").value(true).end_object();
  json.end_object();
  if (settings.is_binary) {
    payload.json_bytes = payload.body.size();
    payload.body += raw;
  }
  return payload;
}

Result<Payload> make_grpc_payload(std::span<const TensorSpec> specs, const PayloadSettings& settings,
                                  std::string_view model, std::string_view version) {
  SLIPWAY_TRY(const auto inputs, describe_all(specs, settings));
  inference::ModelInferRequest request;
  request.set_model_name(std::string(model));
  request.set_model_version(std::string(version));
  SeededRandom random(settings.seed);
  for (const Input& input : inputs) {
    auto& tensor = *request.add_inputs();
    tensor.set_name(input.spec->name);
    tensor.set_datatype(std::string(to_string(input.spec->type)));
    for (const std::int64_t dimension : input.shape) tensor.add_shape(dimension);
    std::string& raw = *request.add_raw_input_contents();
    for (std::size_t i = 0; i < input.elements; ++i) append_element(input.spec->type, random.next(), nullptr, raw);
  }
  return Payload{request.SerializeAsString(), 0, rows_of(inputs)};
}

}  // namespace slipway::loadtest
