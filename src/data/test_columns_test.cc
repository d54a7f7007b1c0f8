#include "data/test_columns.h"

#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>
#include <limits>
#include <sstream>

#include "data/values.h"

namespace slipway {
namespace {

double parse_float(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  return std::strtod(std::string(text).c_str(), nullptr);
}

template <typename T>
std::vector<std::byte> bytes_of(T value) {
  std::vector<std::byte> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

}  // namespace

std::vector<std::byte> encode_value(DataType type, std::string_view text) {
  const std::string spelled(text);
  switch (type) {
    case DataType::kFp16:
      return bytes_of(float_to_half(static_cast<float>(parse_float(text))));
    case DataType::kBf16: {
      const float value = static_cast<float>(parse_float(text));
      std::uint32_t bits = 0;
      std::memcpy(&bits, &value, sizeof bits);
      if (std::isfinite(value)) bits += 0x7FFF + ((bits >> 16) & 1);
      return bytes_of(static_cast<std::uint16_t>(bits >> 16));
    }
    case DataType::kFp32:
      return bytes_of(std::strtof(spelled.c_str(), nullptr));
    case DataType::kFp64:
      return bytes_of(parse_float(text));
    case DataType::kUint64:
      return bytes_of(std::strtoull(spelled.c_str(), nullptr, 10));
    default: {
      const long long value = std::strtoll(spelled.c_str(), nullptr, 10);
      std::vector<std::byte> bytes = bytes_of(value);
      bytes.resize(element_size(type));  // little endian
      return bytes;
    }
  }
}

TestColumn::TestColumn(DataType type, const std::vector<std::string>& values)
    : type_(type), texts_(values), validity_(values.size() / 8 + 1, 0xFF), count_(values.size()) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool is_null = values[i] == "null";
    has_null_ |= is_null;
    if (is_null) validity_[i / 8] = static_cast<std::uint8_t>(validity_[i / 8] & ~(1U << (i % 8)));
    if (type == DataType::kBytes) continue;
    const std::vector<std::byte> bytes = encode_value(type, is_null ? "0" : values[i]);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  for (const std::string& text : texts_) views_.push_back(text);
}

ColumnView TestColumn::view() const {
  ColumnView view;
  view.type = type_;
  view.base = bytes_.data();
  view.stride_bytes = type_ == DataType::kBytes ? sizeof(std::string_view) : element_size(type_);
  view.count = count_;
  view.validity = has_null_ ? validity_.data() : nullptr;
  if (type_ == DataType::kBytes) view.strings = reinterpret_cast<const std::byte*>(views_.data());
  return view;
}

std::string contract_of_property(std::string_view name, std::string_view body, std::string_view quality_of_schema) {
  const auto indented = [](std::string_view text, std::string_view margin) {
    std::istringstream lines{std::string(text)};
    std::string out;
    for (std::string line; std::getline(lines, line);) out.append(margin).append(line).append("\n");
    return out;
  };
  return "apiVersion: v3.1.0\nkind: DataContract\nid: test\nversion: 1.0.0\nstatus: active\nschema:\n  - name: rows\n" +
         indented(quality_of_schema, "    ") + "    properties:\n      - name: " + std::string(name) + "\n" +
         indented(body, "        ");
}

TEST(TestColumn, KeepsValuesAndNulls) {
  const TestColumn column(DataType::kInt16, {"-3", "null", "7"});
  EXPECT_EQ(value_text(column.view(), 0), "-3");
  EXPECT_EQ(value_text(column.view(), 1), "null");
  EXPECT_EQ(value_text(column.view(), 2), "7");
}

}  // namespace slipway
