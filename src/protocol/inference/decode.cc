#include "protocol/inference/decode.h"

#include <charconv>

#include "base/bytes.h"
#include "protocol/inference/infer_decoder.h"

namespace slipway {
namespace {

constexpr std::string_view kLengthHeader = "inference-header-content-length";
constexpr const char* kStart = "its start (binary tensors behind it need the header Inference-Header-Content-Length)";
constexpr std::size_t kKeptParserBytes = std::size_t{4} << 20;

std::optional<std::string_view> length_header(const HttpRequest& http) noexcept {
  std::optional<std::string_view> found;
  for (const auto& [name, value] : http.headers) {
    if (name == kLengthHeader) found = value;
  }
  return found;
}

// How many of the body's `size` bytes are JSON; the rest is binary tensors. `text`: the header that says it.
Result<std::size_t> json_size(std::size_t size, std::optional<std::string_view> text) {
  if (!text) return size;
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
  if (text->empty() || error != std::errc() || end != text->data() + text->size() || length > size) {
    return bad_request("infer.header_length", "Inference-Header-Content-Length is " + quoted(*text) +
                                                  "; it is the number of bytes of JSON in the body of " +
                                                  std::to_string(size) + " bytes");
  }
  return length;
}

}  // namespace

template <typename OnField>
Status InferDecoder::read_root(simdjson::ondemand::parser& parser, OnField on_field) {
  const std::string_view json = as_text(body_.first(json_bytes_));
  simdjson::ondemand::document document;
  if (const auto error = parser.iterate(padded(json)).get(document)) return bad_json(kStart, error);
  JsonObject root;
  if (const auto error = document.get_object().get(root)) {
    return error == simdjson::INCORRECT_TYPE ? wrong_type("the request", "a JSON object") : bad_json(kStart, error);
  }
  SLIPWAY_CHECK(for_each_field(root, "the request", on_field));
  if (!document.current_location().error()) {
    return bad_request("infer.bad_json",
                       "something follows the JSON object of the request; binary tensors need the header "
                       "Inference-Header-Content-Length");
  }
  return {};
}

Status InferDecoder::decode_response(simdjson::ondemand::parser& parser, simdjson::ondemand::parser& late_parser) {
  late_parser_ = &late_parser;
  SLIPWAY_CHECK(read_root(parser, [&](std::string_view key, JsonValue value) {
    return key == "outputs" ? read_inputs(value) : check_ignored(value, "an unknown key", limits_.json_depth_max);
  }));
  return check_all_given();
}

Status InferDecoder::check_all_given() const {
  if (binary_.empty()) return {};
  return bad_request("infer.binary_size",
                     std::to_string(binary_.size()) +
                         " bytes of binary data belong to no input: the sum of "
                         "binary_data_size and Inference-Header-Content-Length is not the body's size");
}

Status InferDecoder::decode(simdjson::ondemand::parser& parser, simdjson::ondemand::parser& late_parser) {
  late_parser_ = &late_parser;
  SLIPWAY_CHECK(read_root(parser, [&](std::string_view key, JsonValue value) { return read_root_field(key, value); }));
  if (!has_inputs_) return bad_request("infer.no_inputs", "the request has no \"inputs\"");
  for (std::size_t i = 0; i < infer_.outputs.size(); ++i) {
    if (!says_binary_[i]) infer_.outputs[i].is_binary = infer_.wants_binary_output;
  }
  return check_all_given();
}

Status InferDecoder::read_root_field(std::string_view key, JsonValue value) {
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

Status InferDecoder::read_request_parameter(std::string_view key, JsonValue value) {
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

Result<std::string_view> InferDecoder::read_name(JsonValue value, const JsonPlace& where) {
  SLIPWAY_TRY(const std::string_view text, read_text(value, where, infer_.arena));
  if (text.size() > limits_.name_bytes_max) {
    return bad_request("infer.name_bytes_max",
                       where.text() + " is longer than " + std::to_string(limits_.name_bytes_max) + " bytes");
  }
  return text;
}

Status decode_infer_response(std::span<const std::byte> body, std::optional<std::string_view> json_length,
                             InferRequest& infer, const InferLimits& limits) {
  thread_local simdjson::ondemand::parser parser;
  thread_local simdjson::ondemand::parser late_parser;
  infer.clear();
  SLIPWAY_TRY(const std::size_t json_bytes, json_size(body.size(), json_length));
  Status decoded = InferDecoder(infer, limits, body, json_bytes).decode_response(parser, late_parser);
  if (parser.capacity() > kKeptParserBytes) parser = simdjson::ondemand::parser();
  if (late_parser.capacity() > kKeptParserBytes) late_parser = simdjson::ondemand::parser();
  return decoded;
}

bool is_raw_request(const HttpRequest& http) noexcept { return length_header(http) == "0"; }

Status decode_infer(const HttpRequest& http, InferRequest& infer, const InferLimits& limits) {
  thread_local simdjson::ondemand::parser parser;
  thread_local simdjson::ondemand::parser late_parser;
  infer.clear();
  infer.model = http.parameter("model");
  infer.version = http.parameter("version");
  SLIPWAY_TRY(const std::size_t json_bytes, json_size(http.body.size(), length_header(http)));
  Status decoded = InferDecoder(infer, limits, http.body, json_bytes).decode(parser, late_parser);
  if (infer.unit.empty()) infer.unit = http.header("slipway-unit");
  if (parser.capacity() > kKeptParserBytes) parser = simdjson::ondemand::parser();
  if (late_parser.capacity() > kKeptParserBytes) late_parser = simdjson::ondemand::parser();
  return decoded;
}

}  // namespace slipway
