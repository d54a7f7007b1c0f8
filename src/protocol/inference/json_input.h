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

// A place in the document, spelled only when an error names it: "inputs[0].shape".
struct JsonPlace {
  JsonPlace(const char* text) : list(text) {}  // NOLINT: a place is written as its name
  JsonPlace(std::string_view in_list, std::size_t at) : list(in_list), index(static_cast<std::ptrdiff_t>(at)) {}

  JsonPlace member(std::string_view name) const {
    JsonPlace place = *this;
    place.field = name;
    return place;
  }
  std::string text() const;

  std::string_view list;
  std::ptrdiff_t index = -1;  // -1: not in a list
  std::string_view field;
};

tl::unexpected<Error> bad_json(const JsonPlace& where, simdjson::error_code error);
tl::unexpected<Error> wrong_type(const JsonPlace& where, std::string_view wanted);

// The start of a scalar as it is spelled, for errors. The lengths that simdjson gives are not to be trusted in broken
// documents.
std::string_view shown_token(JsonValue value) noexcept;
// A string as a view into the document where it has no escapes, else decoded into `arena`.
Result<std::string_view> read_text(JsonValue value, const JsonPlace& where, Arena& arena);
Result<std::uint64_t> read_unsigned(JsonValue value, const JsonPlace& where);
Result<std::int64_t> read_signed(JsonValue value, const JsonPlace& where);
Result<bool> read_bool(JsonValue value, const JsonPlace& where);
Result<JsonObject> read_object(JsonValue value, const JsonPlace& where);
Result<JsonArray> read_array(JsonValue value, const JsonPlace& where);
// Checks a value whose meaning does not matter, to the last token.
Status check_ignored(JsonValue value, const JsonPlace& where, std::size_t depth_max);

// The keys of one object; duplicates are refused, and more keys than anyone needs.
class JsonKeys {
 public:
  Status add(std::string_view key, const JsonPlace& where);

 private:
  static constexpr std::size_t kKeysMax = 64;
  struct Key {
    const char* text;
    std::size_t size;
  };
  std::array<Key, kKeysMax> keys_;  // not initialised: most objects have a few
  std::size_t count_ = 0;
};

// Calls on_field(key, value) for each field of an object; stops at the first failure.
template <typename OnField>
Status for_each_field(JsonObject object, const JsonPlace& where, OnField on_field) {
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
