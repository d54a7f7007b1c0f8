// JSON as the decoder reads it: simdjson on demand, which checks only what is touched, so everything is touched.
// Private to this folder (simdjson is in here).
#pragma once

#include <array>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "serving/infer.h"

namespace slipway {

using JsonValue = simdjson::ondemand::value;
using JsonObject = simdjson::ondemand::object;
using JsonArray = simdjson::ondemand::array;

// `where` names the place in the document: "inputs[0].shape".
tl::unexpected<Error> bad_json(std::string_view where, simdjson::error_code error);
tl::unexpected<Error> wrong_type(std::string_view where, std::string_view wanted);

// A string as a view into the document where it has no escapes, else decoded into `arena`.
Result<std::string_view> read_text(JsonValue value, std::string_view where, Arena& arena);
Result<std::uint64_t> read_unsigned(JsonValue value, std::string_view where);
Result<std::int64_t> read_signed(JsonValue value, std::string_view where);
Result<bool> read_bool(JsonValue value, std::string_view where);
Result<JsonObject> read_object(JsonValue value, std::string_view where);
Result<JsonArray> read_array(JsonValue value, std::string_view where);
// Checks a value whose meaning does not matter, to the last token.
Status check_ignored(JsonValue value, std::string_view where, std::size_t depth_max);

// The keys of one object; duplicates are refused, and more keys than anyone needs.
class JsonKeys {
 public:
  Status add(std::string_view key, std::string_view where);

 private:
  static constexpr std::size_t kKeysMax = 64;
  std::array<std::string_view, kKeysMax> keys_;
  std::size_t count_ = 0;
};

// Calls on_field(key, value) for each field of an object; stops at the first failure.
template <typename OnField>
Status for_each_field(JsonObject object, std::string_view where, OnField on_field) {
  JsonKeys keys;
  for (auto result : object) {
    simdjson::ondemand::field field;
    if (const auto error = std::move(result).get(field)) return bad_json(where, error);
    std::string_view key;
    if (const auto error = field.unescaped_key().get(key)) return bad_json(where, error);
    SLIPWAY_CHECK(keys.add(key, where));
    SLIPWAY_CHECK(on_field(key, field.value()));
  }
  return {};
}

}  // namespace slipway
