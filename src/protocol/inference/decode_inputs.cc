#include "base/bytes.h"
#include "protocol/inference/binary_tensor.h"
#include "protocol/inference/infer_decoder.h"
#include "protocol/inference/json_tensor.h"

namespace slipway {

Status InferDecoder::read_inputs(JsonValue value) {
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

Status InferDecoder::read_input(JsonObject object, std::size_t index) {
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

Status InferDecoder::read_input_parameter(std::string_view key, JsonValue value, const JsonPlace& where,
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
Status InferDecoder::check_count(const TensorView& tensor, std::size_t count) const {
  const std::size_t element = tensor.type == DataType::kBytes ? sizeof(std::string_view) : element_size(tensor.type);
  if (count > json_bytes_ || count > limits_.decoded_bytes_max / element) {
    return bad_request("infer.shape_mismatch", "input " + quoted(tensor.name) + ": its shape describes " +
                                                   std::to_string(count) +
                                                   " elements, more than its data has or than the limit allows");
  }
  return {};
}

Result<std::size_t> InferDecoder::count_elements(const TensorView& tensor) const {
  auto count = element_count(tensor.shape);
  if (!count) return bad_request("infer.bad_shape", "input " + quoted(tensor.name) + ": " + count.error().message);
  return count;
}

Status InferDecoder::read_data(JsonValue value, const JsonPlace& where, InputFields& fields, TensorView& tensor) {
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

Status InferDecoder::finish_input(const JsonPlace& where, InputFields& fields, TensorView& tensor) {
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

Result<std::span<const std::int64_t>> InferDecoder::read_shape(JsonValue value, const JsonPlace& where) {
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

}  // namespace slipway
