#include "registry/owned_tensor.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

namespace slipway {
namespace {

template <typename T>
void append_bytes(std::vector<std::byte>& data, T value) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(&value);
  data.insert(data.end(), bytes, bytes + sizeof value);
}

// The integer that a cell is, if it is one of T.
template <typename T>
std::optional<T> integer_of(const Cell& cell) {
  if (const auto* const number = std::get_if<std::int64_t>(&cell)) {
    return std::in_range<T>(*number) ? std::optional<T>(static_cast<T>(*number)) : std::nullopt;
  }
  if (const auto* const number = std::get_if<std::uint64_t>(&cell)) {
    return std::in_range<T>(*number) ? std::optional<T>(static_cast<T>(*number)) : std::nullopt;
  }
  const auto* const real = std::get_if<double>(&cell);
  // The bounds as doubles: 2^63 and 2^64 are the first values that do not fit, and exact.
  if (real == nullptr || std::trunc(*real) != *real || *real < static_cast<double>(std::numeric_limits<T>::min()) ||
      *real >= std::ldexp(1.0, std::numeric_limits<T>::digits)) {
    return std::nullopt;
  }
  return static_cast<T>(*real);
}

template <typename T>
bool append_integer(std::vector<std::byte>& data, const Cell& cell) {
  const auto number = integer_of<T>(cell);
  if (!number) return false;
  append_bytes(data, *number);
  return true;
}

// Round to nearest even, as float_to_half does; NaN stays NaN.
std::uint16_t float_to_bfloat16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

template <typename T>
T read_at(const TensorView& tensor, std::size_t index) {
  T value;
  std::memcpy(&value, tensor.data.data() + index * sizeof value, sizeof value);
  return value;
}

}  // namespace

std::string to_text(const Cell& cell) {
  if (const auto* const text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* const number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* const number = std::get_if<std::uint64_t>(&cell)) return std::to_string(*number);
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, std::get<double>(cell)).ptr};
}

double to_double(const Cell& cell) {
  if (const auto* const number = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*number);
  if (const auto* const number = std::get_if<std::uint64_t>(&cell)) return static_cast<double>(*number);
  if (const auto* const number = std::get_if<double>(&cell)) return *number;
  const std::string& text = std::get<std::string>(cell);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  return is_number ? value : std::numeric_limits<double>::quiet_NaN();
}

OwnedTensor OwnedTensor::copy(const TensorView& view) {
  OwnedTensor tensor(std::string(view.name), view.type, {view.shape.begin(), view.shape.end()});
  tensor.data_.assign(view.data.begin(), view.data.end());
  tensor.strings_.assign(view.strings.begin(), view.strings.end());
  return tensor;
}

bool OwnedTensor::append(const Cell& cell) {
  const bool is_text = std::holds_alternative<std::string>(cell);
  if (is_text != (type_ == DataType::kBytes)) return false;
  switch (type_) {
    case DataType::kBytes:
      strings_.push_back(std::get<std::string>(cell));
      return true;
    case DataType::kBool: {
      const auto number = integer_of<std::uint8_t>(cell);
      if (!number || *number > 1) return false;
      append_bytes(data_, *number);
      return true;
    }
    case DataType::kUint8:
      return append_integer<std::uint8_t>(data_, cell);
    case DataType::kUint16:
      return append_integer<std::uint16_t>(data_, cell);
    case DataType::kUint32:
      return append_integer<std::uint32_t>(data_, cell);
    case DataType::kUint64:
      return append_integer<std::uint64_t>(data_, cell);
    case DataType::kInt8:
      return append_integer<std::int8_t>(data_, cell);
    case DataType::kInt16:
      return append_integer<std::int16_t>(data_, cell);
    case DataType::kInt32:
      return append_integer<std::int32_t>(data_, cell);
    case DataType::kInt64:
      return append_integer<std::int64_t>(data_, cell);
    case DataType::kFp16:
      append_bytes(data_, float_to_half(static_cast<float>(to_double(cell))));
      return true;
    case DataType::kBf16:
      append_bytes(data_, float_to_bfloat16(static_cast<float>(to_double(cell))));
      return true;
    case DataType::kFp32:
      append_bytes(data_, static_cast<float>(to_double(cell)));
      return true;
    case DataType::kFp64:
      append_bytes(data_, to_double(cell));
      return true;
  }
  return false;
}

std::size_t OwnedTensor::size() const noexcept {
  return type_ == DataType::kBytes ? strings_.size() : data_.size() / element_size(type_);
}

TensorView OwnedTensor::view() const {
  views_.assign(strings_.begin(), strings_.end());
  return {name_, type_, shape_, data_, views_};
}

std::size_t element_count(const TensorView& tensor) noexcept {
  return tensor.type == DataType::kBytes ? tensor.strings.size() : tensor.data.size() / element_size(tensor.type);
}

Cell cell_at(const TensorView& tensor, std::size_t index) {
  switch (tensor.type) {
    case DataType::kBytes:
      return std::string(tensor.strings[index]);
    case DataType::kBool:
      return std::int64_t{read_at<std::uint8_t>(tensor, index) != 0};
    case DataType::kUint8:
      return std::int64_t{read_at<std::uint8_t>(tensor, index)};
    case DataType::kUint16:
      return std::int64_t{read_at<std::uint16_t>(tensor, index)};
    case DataType::kUint32:
      return std::int64_t{read_at<std::uint32_t>(tensor, index)};
    case DataType::kUint64:
      return read_at<std::uint64_t>(tensor, index);
    case DataType::kInt8:
      return std::int64_t{read_at<std::int8_t>(tensor, index)};
    case DataType::kInt16:
      return std::int64_t{read_at<std::int16_t>(tensor, index)};
    case DataType::kInt32:
      return std::int64_t{read_at<std::int32_t>(tensor, index)};
    case DataType::kInt64:
      return read_at<std::int64_t>(tensor, index);
    case DataType::kFp16:
      return double{half_to_float(read_at<std::uint16_t>(tensor, index))};
    case DataType::kBf16:
      return double{bfloat16_to_float(read_at<std::uint16_t>(tensor, index))};
    case DataType::kFp32:
      return double{read_at<float>(tensor, index)};
    case DataType::kFp64:
      return read_at<double>(tensor, index);
  }
  return std::int64_t{0};
}

}  // namespace slipway
