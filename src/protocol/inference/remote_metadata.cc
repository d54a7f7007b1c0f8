#include "protocol/inference/remote_metadata.h"

#include <algorithm>
#include <functional>

#include "base/bytes.h"
#include "protocol/inference/infer_decoder.h"
#include "protocol/inference/json_input.h"

namespace slipway {
namespace {

constexpr std::size_t kDepthMax = 64;
constexpr std::size_t kTextBytesMax = 4'096;
constexpr std::size_t kItemsMax = 1'024;
constexpr std::size_t kRankMax = 32;

using OnField = std::function<Status(std::string_view key, JsonValue value)>;

Status read_document(std::string_view json, const OnField& on_field) {
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  if (const auto error = parser.iterate(padded(json)).get(document)) return bad_json("its start", error);
  JsonObject root;
  if (const auto error = document.get_object().get(root)) {
    return error == simdjson::INCORRECT_TYPE ? wrong_type("it", "a JSON object") : bad_json("its start", error);
  }
  SLIPWAY_CHECK(for_each_field(root, "the document", on_field));
  if (!document.current_location().error()) return bad_request("infer.bad_json", "something follows its JSON object");
  return {};
}

Result<std::string> read_string(JsonValue value, const JsonPlace& where) {
  std::string_view text;
  if (const auto error = value.get_string().get(text)) {
    return error == simdjson::INCORRECT_TYPE ? wrong_type(where, "a string") : bad_json(where, error);
  }
  if (text.size() > kTextBytesMax || !is_utf8(text)) return wrong_type(where, "UTF-8 of at most 4096 bytes");
  return std::string(text);
}

template <typename Each>
Status for_each_item(JsonValue value, const JsonPlace& where, Each each) {
  SLIPWAY_TRY(JsonArray array, read_array(value, where));
  std::size_t count = 0;
  for (auto element : array) {
    JsonValue item;
    if (const auto error = element.get(item)) return bad_json(where, error);
    if (++count > kItemsMax) return wrong_type(where, "a list of at most 1024 items");
    SLIPWAY_CHECK(each(item));
  }
  return {};
}

bool is_null(JsonValue value) {
  bool null = false;
  return !value.is_null().get(null) && null;
}

Status read_strings(JsonValue value, const JsonPlace& where, std::vector<std::string>& into) {
  if (is_null(value)) return {};
  return for_each_item(value, where, [&](JsonValue item) -> Status {
    SLIPWAY_TRY(into.emplace_back(), read_string(item, where));
    return {};
  });
}

Status read_shape(JsonValue value, const JsonPlace& where, std::vector<std::int64_t>& shape) {
  return for_each_item(value, where, [&](JsonValue item) -> Status {
    SLIPWAY_TRY(const std::int64_t dimension, read_signed(item, where));
    if (dimension < -1 || shape.size() == kRankMax) return wrong_type(where, "a shape of at most 32 dimensions");
    shape.push_back(dimension);
    return {};
  });
}

Status read_tensor(JsonValue value, const JsonPlace& where, std::vector<TensorSpec>& into) {
  SLIPWAY_TRY(JsonObject object, read_object(value, where));
  TensorSpec spec;
  bool has_type = false;
  bool has_shape = false;
  SLIPWAY_CHECK(for_each_field(object, where, [&](std::string_view key, JsonValue field) -> Status {
    if (key == "name") {
      SLIPWAY_TRY(spec.name, read_string(field, where.member("name")));
      return {};
    }
    if (key == "datatype") {
      SLIPWAY_TRY(const std::string text, read_string(field, where.member("datatype")));
      const auto type = parse_data_type(text);
      if (!type) return wrong_type(where.member("datatype"), "a type of the protocol: it is " + slipway::quoted(text));
      spec.type = *type;
      has_type = true;
      return {};
    }
    if (key == "shape") {
      has_shape = true;
      return read_shape(field, where.member("shape"), spec.shape);
    }
    return check_ignored(field, where, kDepthMax);
  }));
  if (spec.name.empty() || !has_type || !has_shape) return wrong_type(where, "a tensor with name, datatype and shape");
  if (std::ranges::any_of(into, [&](const TensorSpec& other) { return other.name == spec.name; })) {
    return wrong_type(where, "new: " + slipway::quoted(spec.name) + " is there twice");
  }
  into.push_back(std::move(spec));
  return {};
}

Status read_tensors(JsonValue value, const char* list, std::vector<TensorSpec>& into) {
  if (is_null(value)) return {};
  std::size_t index = 0;
  return for_each_item(value, list, [&](JsonValue item) { return read_tensor(item, JsonPlace(list, index++), into); });
}

template <typename T>
Result<T> as_answer(Status status, T value, std::string_view what) {
  if (status) return value;
  std::string message = std::move(status).error().message;
  if (const auto at = message.find("the request"); at != std::string::npos) message.replace(at, 11, "the answer");
  return fail(Code::kInternal, "remote.answer", std::string(what) + ": " + message);
}

}  // namespace

Result<RemoteServerMetadata> parse_server_metadata(std::string_view json) {
  RemoteServerMetadata found;
  Status status = read_document(json, [&](std::string_view key, JsonValue value) -> Status {
    if (key == "extensions") return read_strings(value, "extensions", found.extensions);
    if (key != "name" && key != "version") return check_ignored(value, "an unknown key", kDepthMax);
    SLIPWAY_TRY((key == "name" ? found.name : found.version), read_string(value, "name or version"));
    return {};
  });
  return as_answer(std::move(status), std::move(found), "its metadata");
}

Result<RemoteModelMetadata> parse_model_metadata(std::string_view json) {
  RemoteModelMetadata found;
  Status status = read_document(json, [&](std::string_view key, JsonValue value) -> Status {
    if (key == "versions") return read_strings(value, "versions", found.versions);
    if (key == "inputs") return read_tensors(value, "inputs", found.inputs);
    if (key == "outputs") return read_tensors(value, "outputs", found.outputs);
    if (key != "name" && key != "platform") return check_ignored(value, "an unknown key", kDepthMax);
    if (is_null(value)) return {};
    SLIPWAY_TRY((key == "name" ? found.name : found.platform), read_string(value, "name or platform"));
    return {};
  });
  return as_answer(std::move(status), std::move(found), "its metadata of the model");
}

std::string remote_error_text(std::string_view json) {
  std::string text;
  const auto keep = [&](JsonValue value, bool is_wanted) -> Status {
    std::string_view found;
    if (!is_wanted || !text.empty() || value.get_string().get(found) || !is_utf8(found)) return {};
    text = found;
    return {};
  };
  const Status ignored = read_document(json, [&](std::string_view key, JsonValue value) -> Status {
    JsonObject inner;
    if (key == "error" && !value.get_object().get(inner)) {
      return for_each_field(inner, "error",
                            [&](std::string_view name, JsonValue member) { return keep(member, name == "message"); });
    }
    return keep(value, key == "error" || key == "detail" || key == "message");
  });
  return text;
}

}  // namespace slipway
