// Reads protobuf's wire format field by field with bounded memory: nothing is kept that the caller does not ask for.
//
// The first error sticks: after it every read returns zero or "" and next() returns false, so that a caller walks a
// message in one loop and asks for error() at the end. Lengths are checked against the enclosing message before use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace google::protobuf::io {
class CodedInputStream;
}

namespace slipway {

class WireReader {
 public:
  enum class Type : std::uint8_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

  // The stream outlives the reader and has a limit set to the file's size.
  explicit WireReader(google::protobuf::io::CodedInputStream& stream) : stream_(&stream) {}

  // Moves to the next field of the current message. False at its end and after an error.
  bool next();
  int field() const noexcept { return field_; }
  Type type() const noexcept { return type_; }

  std::uint64_t varint();  // the current field must be a varint
  std::int64_t integer() { return static_cast<std::int64_t>(varint()); }
  std::string text(std::uint64_t bytes_max, std::string_view what);  // length-delimited, over the limit is an error
  std::uint64_t skip_text(std::uint64_t bytes_max, std::string_view what);  // the same without keeping it; its length
  void skip();
  std::uint64_t payload_bytes();  // skips; length of a length-delimited field, else the width of the value

  // Enters a length-delimited message: `while (reader.next())` then reads its fields. leave() must follow.
  int enter();
  void leave(int outer_limit);

  // Calls visit(value) for each varint of a packed or single field; stops early when visit returns false.
  template <typename Visit>
  void varints(Visit&& visit) {
    if (type_ == Type::kVarint) {
      visit(varint());
      return;
    }
    const int outer = enter();
    while (!error_ && bytes_left() > 0) {
      if (!visit(raw_varint())) break;
    }
    if (!error_) leave(outer);
  }

  void fail(Code code, std::string_view reason, std::string message);
  bool has_failed() const noexcept { return error_.has_value(); }
  const std::optional<Error>& error() const noexcept { return error_; }
  std::size_t position() const noexcept;

 private:
  int bytes_left() const noexcept;
  std::uint64_t raw_varint();
  int length();
  void malformed(std::string_view what);

  google::protobuf::io::CodedInputStream* stream_;
  int field_ = 0;
  Type type_ = Type::kVarint;
  std::optional<Error> error_;
};

}  // namespace slipway
