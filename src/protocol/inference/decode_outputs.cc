#include <algorithm>

#include "base/bytes.h"
#include "protocol/inference/infer_decoder.h"

namespace slipway {

Status InferDecoder::read_outputs(JsonValue value) {
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

Status InferDecoder::read_output(JsonObject object, std::size_t index) {
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
        output.classification = static_cast<std::uint32_t>(std::min<std::uint64_t>(classes, UINT32_MAX));
        return {};
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

}  // namespace slipway
