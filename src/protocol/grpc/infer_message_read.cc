#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "protocol/grpc/infer_message.h"
#include "protocol/grpc/message_reader.h"
#include "protocol/grpc/typed_contents.h"
#include "protocol/inference/binary_tensor.h"

namespace slipway {
namespace {

namespace request_field {
constexpr std::uint32_t kModelName = 1, kModelVersion = 2, kId = 3, kParameters = 4, kInputs = 5, kOutputs = 6,
                        kRawInputContents = 7;
}
namespace tensor_field {
constexpr std::uint32_t kName = 1, kDatatype = 2, kShape = 3, kParameters = 4, kContents = 5;
}
namespace output_field {
constexpr std::uint32_t kName = 1, kParameters = 2;
}

tl::unexpected<Error> refuse(std::string_view reason, std::string message) {
  return fail(Code::kInvalidArgument, reason, std::move(message));
}

tl::unexpected<Error> broken(std::string_view what) {
  return refuse("infer.bad_message", std::string(what) + " is not such a message of inference.GRPCInferenceService");
}

std::string place(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

// One entry of a map<string, InferParameter>. What is not given is nothing.
struct Parameter {
  std::string_view key;
  std::optional<bool> flag;
  std::optional<std::int64_t> integer;
  std::optional<std::string_view> text;
  std::optional<std::uint64_t> unsigned_integer;

  std::optional<std::uint64_t> count() const noexcept {
    if (unsigned_integer) return unsigned_integer;
    if (integer && *integer >= 0) return static_cast<std::uint64_t>(*integer);
    return std::nullopt;
  }
};

bool read_choice(std::span<const std::byte> message, Parameter& parameter) noexcept {
  MessageReader reader(message);
  while (reader.next()) {
    if (reader.field() == 1) parameter.flag = reader.varint() != 0;
    if (reader.field() == 2) parameter.integer = static_cast<std::int64_t>(reader.varint());
    if (reader.field() == 3) parameter.text = reader.text();
    if (reader.field() == 5) parameter.unsigned_integer = reader.varint();
  }
  return !reader.has_failed();
}

std::optional<Parameter> read_parameter(std::span<const std::byte> message) noexcept {
  Parameter parameter;
  MessageReader reader(message);
  while (reader.next()) {
    if (reader.field() == 1) parameter.key = reader.text();
    if (reader.field() == 2 && !read_choice(reader.bytes(), parameter)) return std::nullopt;
  }
  if (reader.has_failed()) return std::nullopt;
  return parameter;
}

class InferMessage {
 public:
  InferMessage(std::span<const std::byte> message, InferRequest& infer, const InferLimits& limits)
      : message_(message), infer_(infer), limits_(limits), raw_(message) {}

  Status read() {
    MessageReader reader(message_);
    while (reader.next()) SLIPWAY_CHECK(read_field(reader));
    if (reader.has_failed()) return broken("the request");
    if (infer_.inputs.empty()) return refuse("infer.no_inputs", "the request has no inputs");
    for (std::size_t i = 0; i < infer_.inputs.size(); ++i) SLIPWAY_CHECK(read_data(i));
    if (next_raw()) {
      return refuse("infer.binary_size", "raw_input_contents has " + std::to_string(raw_count_) + " entries for " +
                                             std::to_string(infer_.inputs.size()) + " inputs; it takes one for each");
    }
    return {};
  }

 private:
  Status read_field(MessageReader& reader) {
    switch (reader.field()) {
      case request_field::kModelName:
        return read_name(reader, "model_name", infer_.model);
      case request_field::kModelVersion:
        return read_name(reader, "model_version", infer_.version);
      case request_field::kId:
        return read_name(reader, "id", infer_.id);
      case request_field::kParameters:
        return read_request_parameter(reader.bytes());
      case request_field::kInputs:
        return read_input(reader.bytes());
      case request_field::kOutputs:
        return read_output(reader.bytes());
      case request_field::kRawInputContents:
        reader.bytes();
        ++raw_count_;
        return {};
      default:
        return {};
    }
  }

  Status read_name(MessageReader& reader, std::string_view where, std::string_view& name) const {
    name = reader.text();
    if (!is_utf8(name)) return refuse("infer.bad_message", std::string(where) + " is not UTF-8");
    if (name.size() <= limits_.name_bytes_max) return {};
    return refuse("infer.name_bytes_max",
                  std::string(where) + " is longer than " + std::to_string(limits_.name_bytes_max) + " bytes");
  }

  Status read_request_parameter(std::span<const std::byte> message) {
    const auto parameter = read_parameter(message);
    if (!parameter) return broken("an entry of parameters");
    const std::string_view key = parameter->key;
    if (key == "timeout") {
      infer_.timeout_us = parameter->count();
      if (!infer_.timeout_us) return refuse("infer.parameter", "parameters.timeout is not a number of microseconds");
    } else if (key == "priority") {
      const auto priority = parameter->count();
      if (!priority) return refuse("infer.parameter", "parameters.priority is not a number from 0");
      infer_.priority = *priority;
    } else if (key == "unit") {
      if (!parameter->text || parameter->text->size() > limits_.name_bytes_max || !is_utf8(*parameter->text)) {
        return refuse("infer.parameter",
                      "parameters.unit is not a text of up to " + std::to_string(limits_.name_bytes_max) + " bytes");
      }
      infer_.unit = *parameter->text;
    } else if (key.starts_with("sequence_")) {
      return fail(Code::kUnimplemented, "infer.sequence",
                  "the parameter " + quoted(key) + " asks for a stateful sequence; models here are stateless");
    }
    return {};
  }

  Status read_input(std::span<const std::byte> message) {
    const std::size_t index = infer_.inputs.size();
    if (index == limits_.tensors_max) {
      return refuse("infer.too_many_tensors",
                    "the request has more than " + std::to_string(limits_.tensors_max) + " inputs");
    }
    TensorView tensor;
    std::string_view datatype;
    std::size_t rank = 0;
    std::span<std::int64_t> shape;
    MessageReader reader(message);
    while (reader.next()) {
      switch (reader.field()) {
        case tensor_field::kName:
          SLIPWAY_CHECK(read_name(reader, "the name of an input", tensor.name));
          break;
        case tensor_field::kDatatype:
          datatype = reader.text();
          break;
        case tensor_field::kShape:
          if (shape.empty()) shape = infer_.arena.allocate_of<std::int64_t>(limits_.rank_max);
          reader.varints([&](std::uint64_t dimension) {
            if (rank < shape.size()) shape[rank] = static_cast<std::int64_t>(dimension);
            ++rank;
          });
          break;
        case tensor_field::kParameters:
          SLIPWAY_CHECK(check_parameter(reader.bytes(), index));
          break;
        case tensor_field::kContents:
          if (tensor.data.data() != nullptr) return broken(place("inputs", index));
          tensor.data = reader.bytes();  // still encoded: read_data() reads it when the whole request is known
          break;
        default:
          break;
      }
    }
    if (reader.has_failed()) return broken(place("inputs", index));
    if (tensor.name.empty()) return refuse("infer.no_name", place("inputs", index) + " has no name");
    const auto type = parse_data_type(datatype);
    if (!type) {
      return refuse("infer.datatype",
                    place("inputs", index) + ".datatype is " + quoted(datatype) +
                        "; it is BOOL, UINT8 to UINT64, INT8 to INT64, FP16, BF16, FP32, FP64 or BYTES");
    }
    tensor.type = *type;
    if (rank > limits_.rank_max) {
      return refuse("infer.bad_shape", place("inputs", index) + ".shape has more than " +
                                           std::to_string(limits_.rank_max) + " dimensions");
    }
    tensor.shape = shape.first(rank);
    for (const TensorView& other : infer_.inputs) {
      if (other.name == tensor.name) {
        return refuse("infer.duplicate_input",
                      place("inputs", index) + ": the input " + quoted(tensor.name) + " is given twice");
      }
    }
    infer_.inputs.push_back(tensor);
    return {};
  }

  Status check_parameter(std::span<const std::byte> message, std::size_t index) const {
    const auto parameter = read_parameter(message);
    if (!parameter) return broken(place("inputs", index));
    if (!parameter->key.starts_with("shared_memory_")) return {};
    return fail(Code::kUnimplemented, "infer.shared_memory",
                place("inputs", index) + " is in shared memory, which is not supported; send its data");
  }

  Status read_output(std::span<const std::byte> message) {
    const std::size_t index = infer_.outputs.size();
    if (index == limits_.tensors_max) {
      return refuse("infer.too_many_tensors",
                    "the request asks for more than " + std::to_string(limits_.tensors_max) + " outputs");
    }
    RequestedOutput output;
    MessageReader reader(message);
    while (reader.next()) {
      if (reader.field() == output_field::kName) {
        SLIPWAY_CHECK(read_name(reader, "the name of an output", output.name));
      } else if (reader.field() == output_field::kParameters) {
        const auto parameter = read_parameter(reader.bytes());
        if (!parameter) return broken(place("outputs", index));
        if (parameter->key.starts_with("shared_memory_")) {
          return fail(Code::kUnimplemented, "infer.shared_memory",
                      place("outputs", index) + " asks for shared memory, which is not supported");
        }
        if (parameter->key != "classification") continue;
        const auto classes = parameter->count();
        if (!classes) {
          return refuse("infer.parameter",
                        place("outputs", index) + ".parameters.classification is not a number of classes");
        }
        output.classification = static_cast<std::uint32_t>(std::min<std::uint64_t>(*classes, UINT32_MAX));
      }
    }
    if (reader.has_failed()) return broken(place("outputs", index));
    if (output.name.empty()) return refuse("infer.no_name", place("outputs", index) + " has no name");
    for (const RequestedOutput& other : infer_.outputs) {
      if (other.name == output.name) {
        return refuse("infer.duplicate_output",
                      place("outputs", index) + ": the output " + quoted(output.name) + " is asked for twice");
      }
    }
    infer_.outputs.push_back(output);
    return {};
  }

  // Entries of raw_input_contents, in their order, one for each input.
  bool next_raw() noexcept {
    while (raw_.next()) {
      if (raw_.field() == request_field::kRawInputContents) return true;
    }
    return false;
  }

  Status read_data(std::size_t index) {
    TensorView& tensor = infer_.inputs[index];
    const std::span<const std::byte> contents = std::exchange(tensor.data, {});
    const auto count = element_count(tensor.shape);
    if (!count) return refuse("infer.bad_shape", "input " + quoted(tensor.name) + ": " + count.error().message);
    if (raw_count_ == 0) return read_typed_contents(contents, *count, limits_.decoded_bytes_max, tensor, infer_.arena);
    if (!contents.empty()) {
      return refuse("infer.data",
                    "input " + quoted(tensor.name) +
                        " has contents although the request has raw_input_contents; it takes one of them");
    }
    if (!next_raw()) {
      return refuse("infer.data", "input " + quoted(tensor.name) + " has no data: raw_input_contents has " +
                                      std::to_string(raw_count_) + " entries and takes one for each input");
    }
    return read_binary_tensor(raw_.bytes(), *count, tensor, infer_.arena);
  }

  std::span<const std::byte> message_;
  InferRequest& infer_;
  const InferLimits& limits_;
  MessageReader raw_;
  std::size_t raw_count_ = 0;
};

}  // namespace

std::string_view model_of_infer_message(std::span<const std::byte> message) noexcept {
  std::string_view model;
  MessageReader reader(message);
  while (reader.next()) {
    if (reader.field() == request_field::kModelName) model = reader.text();
  }
  return reader.has_failed() ? std::string_view() : model;
}

Status read_infer_message(std::span<const std::byte> message, InferRequest& infer, const InferLimits& limits) {
  infer.clear();
  return InferMessage(message, infer, limits).read();
}

}  // namespace slipway
