#include "runtime/onnx_wire.h"

#include <google/protobuf/io/coded_stream.h>
#include <limits>

namespace slipway {

bool WireReader::next() {
  if (error_) return false;
  const std::uint32_t tag = stream_->ReadTag();
  if (tag == 0) {
    if (!stream_->ConsumedEntireMessage() || bytes_left() > 0) malformed("a message is cut short");
    return false;
  }
  field_ = static_cast<int>(tag >> 3);
  const std::uint32_t wire_type = tag & 7U;
  if (field_ == 0 || (wire_type != 0 && wire_type != 1 && wire_type != 2 && wire_type != 5)) {
    malformed("a field has a tag that ONNX does not use");
    return false;
  }
  type_ = static_cast<Type>(wire_type);
  return true;
}

std::uint64_t WireReader::raw_varint() {
  std::uint64_t value = 0;
  if (!stream_->ReadVarint64(&value)) malformed("a number is cut short");
  return error_ ? 0 : value;
}

std::uint64_t WireReader::varint() {
  if (error_) return 0;
  if (type_ != Type::kVarint) {
    malformed("field " + std::to_string(field_) + " should be a number");
    return 0;
  }
  return raw_varint();
}

int WireReader::bytes_left() const noexcept { return stream_->BytesUntilLimit(); }

int WireReader::length() {
  if (error_) return 0;
  if (type_ != Type::kLength) {
    malformed("field " + std::to_string(field_) + " should be text or a message");
    return 0;
  }
  const std::uint64_t bytes = raw_varint();
  if (error_) return 0;
  if (bytes > static_cast<std::uint64_t>(bytes_left())) {
    malformed("field " + std::to_string(field_) + " is longer than what holds it");
    return 0;
  }
  return static_cast<int>(bytes);
}

std::string WireReader::text(std::uint64_t bytes_max, std::string_view what) {
  const int bytes = length();
  std::string out;
  if (error_) return out;
  if (static_cast<std::uint64_t>(bytes) > bytes_max) {
    fail(Code::kInvalidArgument, "model.limit",
         std::string(what) + " has " + std::to_string(bytes) + " bytes; at most " + std::to_string(bytes_max));
    return out;
  }
  if (!stream_->ReadString(&out, bytes)) malformed("text is cut short");
  return out;
}

std::uint64_t WireReader::skip_text(std::uint64_t bytes_max, std::string_view what) {
  const int bytes = length();
  if (error_) return 0;
  if (static_cast<std::uint64_t>(bytes) > bytes_max) {
    fail(Code::kInvalidArgument, "model.limit",
         std::string(what) + " has " + std::to_string(bytes) + " bytes; at most " + std::to_string(bytes_max));
    return 0;
  }
  if (!stream_->Skip(bytes)) malformed("text is cut short");
  return static_cast<std::uint64_t>(bytes);
}

void WireReader::skip() { payload_bytes(); }

std::uint64_t WireReader::payload_bytes() {
  switch (type_) {
    case Type::kVarint:
      varint();
      return 1;
    case Type::kFixed32:
    case Type::kFixed64: {
      const int bytes = type_ == Type::kFixed32 ? 4 : 8;
      if (!error_ && !stream_->Skip(bytes)) malformed("a number is cut short");
      return static_cast<std::uint64_t>(bytes);
    }
    case Type::kLength:
      break;
  }
  const int bytes = length();
  if (!error_ && !stream_->Skip(bytes)) malformed("data is cut short");
  return static_cast<std::uint64_t>(bytes);
}

int WireReader::enter() {
  const int bytes = length();
  return static_cast<int>(stream_->PushLimit(error_ ? 0 : bytes));
}

void WireReader::leave(int outer_limit) {
  if (!error_ && bytes_left() > 0) stream_->Skip(bytes_left());
  stream_->PopLimit(outer_limit);
}

void WireReader::fail(Code code, std::string_view reason, std::string message) {
  if (!error_) error_ = Error{code, std::string(reason), std::move(message), {}};
}

void WireReader::malformed(std::string_view what) {
  fail(Code::kInvalidArgument, "model.malformed",
       "the model file is damaged: " + std::string(what) + " (at byte " + std::to_string(position()) + ")");
}

std::size_t WireReader::position() const noexcept { return static_cast<std::size_t>(stream_->CurrentPosition()); }

}  // namespace slipway
