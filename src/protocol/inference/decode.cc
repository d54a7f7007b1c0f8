#include "protocol/inference/decode.h"

#include <bitset>
#include <charconv>

#include "base/bytes.h"
#include "protocol/inference/binary_tensor.h"
#include "protocol/inference/json_input.h"
#include "protocol/inference/json_tensor.h"

namespace slipway {
namespace {

constexpr std::string_view kLengthHeader = "inference-header-content-length";
constexpr std::size_t kTensorsMax = 1'024;  // whatever the limits say
constexpr const char* kStart = "its start (binary tensors behind it need the header Inference-Header-Content-Length)";
constexpr std::size_t kKeptParserBytes = std::size_t{4} << 20;

tl::unexpected<Error> bad_request(std::string_view reason, std::string message) {
  return fail(Code::kInvalidArgument, reason, std::move(message));
}

// How many bytes of the body are JSON; the rest is binary tensors.
Result<std::size_t> json_size(const HttpRequest& http) {
  const std::size_t size = http.body.size();
  bool is_given = false;
  std::string_view text;
  for (const auto& [name, value] : http.headers) {
    if (name != kLengthHeader) continue;
    is_given = true;
    text = value;
  }
  if (!is_given) return size;
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || length > size) {
    return bad_request("infer.header_length", "Inference-Header-Content-Length is " + quoted(text) +
                                                  "; it is the number of bytes of JSON in the body of " +
                                                  std::to_string(size) + " bytes");
  }
  if (length == 0) {
    return fail(Code::kUnimplemented, "infer.raw_binary",
                "Inference-Header-Content-Length is 0: raw binary requests are not supported; describe the inputs in "
                "JSON in front "
                "of their bytes");
  }
  return length;
}

// What the JSON says of one input. Its data may stand before the type and shape that it needs.
struct InputFields {
  std::optional<std::string_view> name;
  std::optional<DataType> type;
  std::optional<std::span<const std::int64_t>> shape;
  std::optional<std::uint64_t> binary_size;
  std::optional<std::string_view> late_data;
  bool has_data = false;
};

class Decoder {
 public:
  Decoder(InferRequest& infer, const InferLimits& limits, std::span<const std::byte> body, std::size_t json_bytes)
      : infer_(infer),
        limits_(limits),
        tensors_max_(std::min(limits.tensors_max, kTensorsMax)),
        body_(body),
        json_bytes_(json_bytes),
        binary_(body.subspan(json_bytes)) {}

  Status decode(simdjson::ondemand::parser& parser, simdjson::ondemand::parser& late_parser);

 private:
  Status read_root_field(std::string_view key, JsonValue value);
  Status read_request_parameter(std::string_view key, JsonValue value);
  Status read_inputs(JsonValue value);
  Status read_input(JsonObject object, std::size_t index);
  Status read_input_parameter(std::string_view key, JsonValue value, const JsonPlace& where, InputFields& fields);
  Status read_data(JsonValue value, const JsonPlace& where, InputFields& fields, TensorView& tensor);
  Status finish_input(const JsonPlace& where, InputFields& fields, TensorView& tensor);
  Result<std::span<const std::int64_t>> read_shape(JsonValue value, const JsonPlace& where);
  Status read_outputs(JsonValue value);
  Status read_output(JsonObject object, std::size_t index);
  Result<std::string_view> read_name(JsonValue value, const JsonPlace& where);
  Result<std::size_t> count_elements(const TensorView& tensor) const;
  Status check_count(const TensorView& tensor, std::size_t count) const;

  InferRequest& infer_;
  const InferLimits& limits_;
  const std::size_t tensors_max_;
  std::span<const std::byte> body_;
  std::size_t json_bytes_;
  std::span<const std::byte> binary_;  // not yet given to an input
  simdjson::ondemand::parser* late_parser_ = nullptr;
  bool has_inputs_ = false;
  std::bitset<kTensorsMax> says_binary_;  // outputs that say it themselves
};

simdjson::padded_string_view padded(std::string_view json) noexcept {
  return simdjson::padded_string_view(json.data(), json.size(), json.size() + simdjson::SIMDJSON_PADDING);
}

Status Decoder::decode(simdjson::ondemand::parser& parser, simdjson::ondemand::parser& late_parser) {
  late_parser_ = &late_parser;
  const std::string_view json = as_text(body_.first(json_bytes_));
  simdjson::ondemand::document document;
  if (const auto error = parser.iterate(padded(json)).get(document)) return bad_json(kStart, error);
  JsonObject root;
  if (const auto error = document.get_object().get(root)) {
    return error == simdjson::INCORRECT_TYPE ? wrong_type("the request", "a JSON object") : bad_json(kStart, error);
  }
  SLIPWAY_CHECK(for_each_field(root, "the request",
                               [&](std::string_view key, JsonValue value) { return read_root_field(key, value); }));
  if (!document.current_location().error()) {
    return bad_request("infer.bad_json",
                       "something follows the JSON object of the request; binary tensors need the header "
                       "Inference-Header-Content-Length");
  }
  if (!has_inputs_) return bad_request("infer.no_inputs", "the request has no \"inputs\"");
  for (std::size_t i = 0; i < infer_.outputs.size(); ++i) {
    if (!says_binary_[i]) infer_.outputs[i].is_binary = infer_.wants_binary_output;
  }
  if (!binary_.empty()) {
    return bad_request("infer.binary_size",
                       std::to_string(binary_.size()) +
                           " bytes of binary data belong to no input: the sum of "
                           "binary_data_size and Inference-Header-Content-Length is not the body's size");
  }
  return {};
}

Status Decoder::read_root_field(std::string_view key, JsonValue value) {
  if (key == "inputs") return read_inputs(value);
  if (key == "outputs") return read_outputs(value);
  if (key == "id") {
    SLIPWAY_TRY(infer_.id, read_name(value, "id"));
    return {};
  }
  if (key == "parameters") {
    SLIPWAY_TRY(JsonObject object, read_object(value, "parameters"));
    return for_each_field(object, "parameters",
                          [&](std::string_view name, JsonValue inner) { return read_request_parameter(name, inner); });
  }
  return check_ignored(value, "an unknown key", limits_.json_depth_max);
}

Status Decoder::read_request_parameter(std::string_view key, JsonValue value) {
  if (key == "timeout") {
    SLIPWAY_TRY(infer_.timeout_us, read_unsigned(value, "parameters.timeout (microseconds)"));
    return {};
  }
  if (key == "priority") {
    SLIPWAY_TRY(infer_.priority, read_unsigned(value, "parameters.priority"));
    return {};
  }
  if (key == "binary_data_output") {
    SLIPWAY_TRY(infer_.wants_binary_output, read_bool(value, "parameters.binary_data_output"));
    return {};
  }
  if (key == "unit") {
    SLIPWAY_TRY(infer_.unit, read_name(value, "parameters.unit"));
    return {};
  }
  if (key.starts_with("sequence_")) {
    return fail(Code::kUnimplemented, "infer.sequence",
                "the parameter " + quoted(key) + " asks for a stateful sequence; models here are stateless");
  }
  return check_ignored(value, "parameters", limits_.json_depth_max);
}

Status Decoder::read_inputs(JsonValue value) {
  has_inputs_ = true;
  SLIPWAY_TRY(JsonArray array, read_array(value, "inputs"));
  std::size_t index = 0;
  for (auto element : array) {
    JsonValue input;
    if (const auto error = element.get(input)) return bad_json("inputs", error);
    if (index == tensors_max_) {
      return bad_request("infer.too_many_tensors",
                         "the request has more than " + std::to_string(tensors_max_) + " inputs");
    }
    JsonObject object;
    if (const auto error = input.get_object().get(object)) {
      return error == simdjson::INCORRECT_TYPE ? Status(wrong_type(JsonPlace("inputs", index), "an object"))
                                               : Status(bad_json("inputs", error));
    }
    SLIPWAY_CHECK(read_input(object, index));
    ++index;
  }
  return {};
}

Status Decoder::read_input(JsonObject object, std::size_t index) {
  const JsonPlace where("inputs", index);
  InputFields fields;
  TensorView tensor;
  SLIPWAY_CHECK(for_each_field(object, where, [&](std::string_view key, JsonValue value) -> Status {
    if (key == "name") {
      SLIPWAY_TRY(fields.name, read_name(value, where.member("name")));
      tensor.name = *fields.name;
      return {};
    }
    if (key == "shape") {
      SLIPWAY_TRY(fields.shape, read_shape(value, where));
      tensor.shape = *fields.shape;
      return {};
    }
    if (key == "datatype") {
      SLIPWAY_TRY(const std::string_view text, read_text(value, where, infer_.arena));
      fields.type = parse_data_type(text);
      if (!fields.type) {
        return bad_request("infer.datatype",
                           where.text() + ".datatype is " + quoted(text) +
                               "; it is BOOL, UINT8 to UINT64, INT8 to INT64, FP16, BF16, FP32, FP64 or BYTES");
      }
      tensor.type = *fields.type;
      return {};
    }
    if (key == "data") return read_data(value, where, fields, tensor);
    if (key == "parameters") {
      SLIPWAY_TRY(JsonObject parameters, read_object(value, where));
      return for_each_field(parameters, where, [&](std::string_view name, JsonValue inner) {
        return read_input_parameter(name, inner, where, fields);
      });
    }
    return check_ignored(value, where, limits_.json_depth_max);
  }));
  SLIPWAY_CHECK(finish_input(where, fields, tensor));
  for (const TensorView& other : infer_.inputs) {
    if (other.name == tensor.name) {
      return bad_request("infer.duplicate_input",
                         where.text() + ": the input " + quoted(tensor.name) + " is given twice");
    }
  }
  infer_.inputs.push_back(tensor);
  return {};
}

Status Decoder::read_input_parameter(std::string_view key, JsonValue value, const JsonPlace& where,
                                     InputFields& fields) {
  if (key == "binary_data_size") {
    SLIPWAY_TRY(fields.binary_size, read_unsigned(value, where.member("parameters.binary_data_size")));
    return {};
  }
  if (key.starts_with("shared_memory_")) {
    return fail(Code::kUnimplemented, "infer.shared_memory",
                where.text() + " is in shared memory, which is not supported; send its data");
  }
  return check_ignored(value, where, limits_.json_depth_max);
}

// Refuses shapes that the bytes at hand cannot fill before memory is taken for them.
Status Decoder::check_count(const TensorView& tensor, std::size_t count) const {
  const std::size_t element = tensor.type == DataType::kBytes ? sizeof(std::string_view) : element_size(tensor.type);
  if (count > json_bytes_ || count > limits_.decoded_bytes_max / element) {
    return bad_request("infer.shape_mismatch", "input " + quoted(tensor.name) + ": its shape describes " +
                                                   std::to_string(count) +
                                                   " elements, more than its data has or than the limit allows");
  }
  return {};
}

Result<std::size_t> Decoder::count_elements(const TensorView& tensor) const {
  auto count = element_count(tensor.shape);
  if (!count) return bad_request("infer.bad_shape", "input " + quoted(tensor.name) + ": " + count.error().message);
  return count;
}

Status Decoder::read_data(JsonValue value, const JsonPlace& where, InputFields& fields, TensorView& tensor) {
  fields.has_data = true;
  SLIPWAY_TRY(JsonArray data, read_array(value, where.member("data")));
  if (!fields.type || !fields.shape || !fields.name) {
    std::string_view raw;
    if (const auto error = data.raw_json().get(raw)) return bad_json(where, error);
    fields.late_data = raw;
    return {};
  }
  SLIPWAY_TRY(const std::size_t count, count_elements(tensor));
  SLIPWAY_CHECK(check_count(tensor, count));
  return read_json_tensor(data, count, tensor, infer_.arena);
}

Status Decoder::finish_input(const JsonPlace& where, InputFields& fields, TensorView& tensor) {
  if (!fields.name) return bad_request("infer.no_name", where.text() + " has no \"name\"");
  if (!fields.type) return bad_request("infer.no_datatype", where.text() + " has no \"datatype\"");
  if (!fields.shape) return bad_request("infer.no_shape", where.text() + " has no \"shape\"");
  if (fields.has_data == fields.binary_size.has_value()) {
    return bad_request("infer.data", where.text() +
                                         (fields.has_data ? " has both \"data\" and" : " has neither \"data\" nor") +
                                         " the parameter \"binary_data_size\"; it needs one of them");
  }
  if (fields.has_data && !fields.late_data) return {};
  SLIPWAY_TRY(const std::size_t count, count_elements(tensor));
  if (fields.binary_size) {
    if (*fields.binary_size > binary_.size()) {
      return bad_request("infer.binary_size",
                         where.text() + ".parameters.binary_data_size is " + std::to_string(*fields.binary_size) +
                             "; " + std::to_string(binary_.size()) +
                             " bytes are left behind the JSON that Inference-Header-Content-Length measures");
    }
    const std::span<const std::byte> bytes = binary_.first(*fields.binary_size);
    binary_ = binary_.subspan(bytes.size());
    return read_binary_tensor(bytes, count, tensor, infer_.arena);
  }
  SLIPWAY_CHECK(check_count(tensor, count));
  simdjson::ondemand::document document;
  JsonArray data;
  if (const auto error = late_parser_->iterate(padded(*fields.late_data)).get(document)) return bad_json(where, error);
  if (const auto error = document.get_array().get(data)) return bad_json(where, error);
  return read_json_tensor(data, count, tensor, infer_.arena);
}

Result<std::span<const std::int64_t>> Decoder::read_shape(JsonValue value, const JsonPlace& where) {
  SLIPWAY_TRY(JsonArray array, read_array(value, where.member("shape")));
  const std::span<std::int64_t> shape = infer_.arena.allocate_of<std::int64_t>(limits_.rank_max);
  std::size_t rank = 0;
  for (auto element : array) {
    JsonValue dimension;
    if (const auto error = element.get(dimension)) return bad_json(where, error);
    if (rank == shape.size()) {
      return bad_request("infer.bad_shape",
                         where.text() + ".shape has more than " + std::to_string(shape.size()) + " dimensions");
    }
    if (dimension.get_int64().get(shape[rank]) || shape[rank] < 0) {
      return bad_request("infer.bad_shape",
                         where.text() + ".shape[" + std::to_string(rank) + "]" + " is not an integer from 0 to 2^63-1");
    }
    ++rank;
  }
  return shape.first(rank);
}

Status Decoder::read_outputs(JsonValue value) {
  SLIPWAY_TRY(JsonArray array, read_array(value, "outputs"));
  std::size_t index = 0;
  for (auto element : array) {
    JsonValue output;
    if (const auto error = element.get(output)) return bad_json("outputs", error);
    if (index == tensors_max_) {
      return bad_request("infer.too_many_tensors",
                         "the request asks for more than " + std::to_string(tensors_max_) + " outputs");
    }
    JsonObject object;
    if (const auto error = output.get_object().get(object)) {
      return error == simdjson::INCORRECT_TYPE ? Status(wrong_type(JsonPlace("outputs", index), "an object"))
                                               : Status(bad_json("outputs", error));
    }
    SLIPWAY_CHECK(read_output(object, index));
    ++index;
  }
  return {};
}

Status Decoder::read_output(JsonObject object, std::size_t index) {
  const JsonPlace where("outputs", index);
  RequestedOutput output;
  std::optional<bool> is_binary;
  bool has_name = false;
  SLIPWAY_CHECK(for_each_field(object, where, [&](std::string_view key, JsonValue value) -> Status {
    if (key == "name") {
      has_name = true;
      SLIPWAY_TRY(output.name, read_name(value, where.member("name")));
      return {};
    }
    if (key != "parameters") return check_ignored(value, where, limits_.json_depth_max);
    SLIPWAY_TRY(JsonObject parameters, read_object(value, where));
    return for_each_field(parameters, where, [&](std::string_view name, JsonValue inner) -> Status {
      if (name == "binary_data") {
        SLIPWAY_TRY(is_binary, read_bool(inner, where.member("parameters.binary_data")));
        return {};
      }
      if (name == "classification") {
        SLIPWAY_TRY(const std::uint64_t classes, read_unsigned(inner, where.member("parameters.classification")));
        if (classes == 0) return {};
        return fail(Code::kUnimplemented, "infer.classification",
                    where.text() + " asks for classification, which is not supported; ask for the output and sort it");
      }
      if (name.starts_with("shared_memory_")) {
        return fail(Code::kUnimplemented, "infer.shared_memory",
                    where.text() + " asks for shared memory, which is not supported");
      }
      return check_ignored(inner, where, limits_.json_depth_max);
    });
  }));
  if (!has_name) return bad_request("infer.no_name", where.text() + " has no \"name\"");
  for (const RequestedOutput& other : infer_.outputs) {
    if (other.name == output.name) {
      return bad_request("infer.duplicate_output",
                         where.text() + ": the output " + quoted(output.name) + " is asked for twice");
    }
  }
  output.is_binary = is_binary.value_or(false);
  says_binary_.set(infer_.outputs.size(), is_binary.has_value());
  infer_.outputs.push_back(output);
  return {};
}

Result<std::string_view> Decoder::read_name(JsonValue value, const JsonPlace& where) {
  SLIPWAY_TRY(const std::string_view text, read_text(value, where, infer_.arena));
  if (text.size() > limits_.name_bytes_max) {
    return bad_request("infer.name_bytes_max",
                       where.text() + " is longer than " + std::to_string(limits_.name_bytes_max) + " bytes");
  }
  return text;
}

}  // namespace

Status decode_infer(const HttpRequest& http, InferRequest& infer, const InferLimits& limits) {
  thread_local simdjson::ondemand::parser parser;
  thread_local simdjson::ondemand::parser late_parser;
  infer.clear();
  infer.model = http.parameter("model");
  infer.version = http.parameter("version");
  SLIPWAY_TRY(const std::size_t json_bytes, json_size(http));
  Status decoded = Decoder(infer, limits, http.body, json_bytes).decode(parser, late_parser);
  if (infer.unit.empty()) infer.unit = http.header("slipway-unit");
  if (parser.capacity() > kKeptParserBytes) parser = simdjson::ondemand::parser();
  if (late_parser.capacity() > kKeptParserBytes) late_parser = simdjson::ondemand::parser();
  return decoded;
}

}  // namespace slipway
