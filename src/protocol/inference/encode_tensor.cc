#include "protocol/inference/encode_tensor.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "base/bytes.h"
#include "base/json_writer.h"

namespace slipway {
namespace {

template <typename T>
void append_number(std::string& out, T number) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  out.append(digits, end);
}

// Elements of `data` may lie unaligned. `append` is bool(out, T); false: the element has no JSON form.
template <typename T, typename Append>
bool append_elements(std::span<const std::byte> data, std::string& out, Append append) {
  for (std::size_t at = 0; at < data.size(); at += sizeof(T)) {
    T element;
    std::memcpy(&element, data.data() + at, sizeof(T));
    if (at > 0) out += ',';
    if (!append(out, element)) return false;
  }
  return true;
}

template <typename T>
bool append_integers(std::span<const std::byte> data, std::string& out) {
  return append_elements<T>(data, out, [](std::string& text, T element) {
    append_number(text, element);
    return true;
  });
}

template <typename T>
bool append_finite(std::string& out, T number) {
  if (!std::isfinite(number)) return false;
  append_number(out, number);
  return true;
}

bool append_texts(const TensorView& tensor, std::string& out) {
  for (std::size_t i = 0; i < tensor.strings.size(); ++i) {
    if (!is_utf8(tensor.strings[i])) return false;
    if (i > 0) out += ',';
    append_json_string(out, tensor.strings[i]);
  }
  return true;
}

}  // namespace

bool append_tensor_data(const TensorView& tensor, std::string& out) {
  switch (tensor.type) {
    case DataType::kBool:
      return append_elements<std::uint8_t>(tensor.data, out, [](std::string& text, std::uint8_t element) {
        text += element != 0 ? "true" : "false";
        return true;
      });
    case DataType::kUint8:
      return append_integers<std::uint8_t>(tensor.data, out);
    case DataType::kUint16:
      return append_integers<std::uint16_t>(tensor.data, out);
    case DataType::kUint32:
      return append_integers<std::uint32_t>(tensor.data, out);
    case DataType::kUint64:
      return append_integers<std::uint64_t>(tensor.data, out);
    case DataType::kInt8:
      return append_integers<std::int8_t>(tensor.data, out);
    case DataType::kInt16:
      return append_integers<std::int16_t>(tensor.data, out);
    case DataType::kInt32:
      return append_integers<std::int32_t>(tensor.data, out);
    case DataType::kInt64:
      return append_integers<std::int64_t>(tensor.data, out);
    case DataType::kFp16:
      return append_elements<std::uint16_t>(tensor.data, out, [](std::string& text, std::uint16_t element) {
        return append_finite(text, half_to_float(element));
      });
    case DataType::kBf16:
      return append_elements<std::uint16_t>(tensor.data, out, [](std::string& text, std::uint16_t element) {
        return append_finite(text, bfloat16_to_float(element));
      });
    case DataType::kFp32:
      return append_elements<float>(tensor.data, out, append_finite<float>);
    case DataType::kFp64:
      return append_elements<double>(tensor.data, out, append_finite<double>);
    case DataType::kBytes:
      return append_texts(tensor, out);
  }
  return false;
}

void append_tensor_head(const TensorView& tensor, std::string& out) {
  out += "{\"name\":";
  append_json_string(out, tensor.name);
  out += ",\"datatype\":\"";
  out += to_string(tensor.type);
  out += "\",\"shape\":[";
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    if (i > 0) out += ',';
    append_number(out, tensor.shape[i]);
  }
  out += ']';
}

}  // namespace slipway
