// Reads the JSON of one infer request into an InferRequest. Private to this folder: decode.h is the way in.
#pragma once

#include <bitset>
#include <optional>

#include "protocol/inference/decode.h"
#include "protocol/inference/json_input.h"

namespace slipway {

constexpr std::size_t kTensorsMax = 1'024;  // whatever the limits say

// What the JSON says of one input. Its data may stand before the type and shape that it needs.
struct InputFields {
  std::optional<std::string_view> name;
  std::optional<DataType> type;
  std::optional<std::span<const std::int64_t>> shape;
  std::optional<std::uint64_t> binary_size;
  std::optional<std::string_view> late_data;
  bool has_data = false;
};

class InferDecoder {
 public:
  InferDecoder(InferRequest& infer, const InferLimits& limits, std::span<const std::byte> body, std::size_t json_bytes)
      : infer_(infer),
        limits_(limits),
        tensors_max_(std::min(limits.tensors_max, kTensorsMax)),
        body_(body),
        json_bytes_(json_bytes),
        binary_(body.subspan(json_bytes)) {}

  Status decode(simdjson::ondemand::parser& parser, simdjson::ondemand::parser& late_parser);
  // The outputs of a response, which are written as the inputs of a request are: into infer.inputs.
  Status decode_response(simdjson::ondemand::parser& parser, simdjson::ondemand::parser& late_parser);

 private:
  template <typename OnField>
  Status read_root(simdjson::ondemand::parser& parser, OnField on_field);
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
  Status check_all_given() const;

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

inline simdjson::padded_string_view padded(std::string_view json) noexcept {
  return simdjson::padded_string_view(json.data(), json.size(), json.size() + simdjson::SIMDJSON_PADDING);
}

inline tl::unexpected<Error> bad_request(std::string_view reason, std::string message) {
  return fail(Code::kInvalidArgument, reason, std::move(message));
}

}  // namespace slipway
