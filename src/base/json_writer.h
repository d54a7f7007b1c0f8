// Writes JSON by appending to a string: the shortest digits that read back as the same number, UTF-8 passed through.
//
//   JsonWriter json(out);
//   json.begin_object().key("name").value("iris").key("rows").value(3).end_object();
//
// Where keys and values stand is the caller's business. NaN and infinities have no JSON form: value()
// writes null for them, callers that must refuse test first. Invalid UTF-8 is replaced by U+FFFD.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace slipway {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(&out) {}

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool flag);
  JsonWriter& value(float number);
  JsonWriter& value(double number);
  template <std::signed_integral T>
  requires(!std::same_as<T, bool>) JsonWriter& value(T number) { return signed_value(number); }
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) JsonWriter& value(T number) { return unsigned_value(number); }
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // one complete JSON value, trusted

 private:
  void separate();
  JsonWriter& signed_value(std::int64_t number);
  JsonWriter& unsigned_value(std::uint64_t number);

  std::string* out_;
  bool needs_comma_ = false;
};

// "text" with quotes, escaped.
void append_json_string(std::string& out, std::string_view text);

}  // namespace slipway
