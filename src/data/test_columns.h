// Columns for tests, made of text.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "data/column.h"

namespace slipway {

// Holds the values of one column of `type`; "null" clears the validity bit.
class TestColumn {
 public:
  TestColumn(DataType type, const std::vector<std::string>& values);

  ColumnView view() const;

 private:
  DataType type_;
  std::vector<std::byte> bytes_;
  std::vector<std::string> texts_;
  std::vector<std::string_view> views_;
  std::vector<std::uint8_t> validity_;
  std::size_t count_;
  bool has_null_ = false;
};

// The bytes of a value of the type, from "1.5", "NaN", "inf", "-inf", "18446744073709551615".
std::vector<std::byte> encode_value(DataType type, std::string_view text);

// A contract of one property with the given YAML below its name ("logicalType: number\n…").
std::string contract_of_property(std::string_view name, std::string_view body, std::string_view quality_of_schema = "");

}  // namespace slipway
