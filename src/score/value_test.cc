#include "score/value.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

namespace slipway::score {
namespace {

template <typename T>
T element(DataType type, const Value& value) {
  std::string out;
  EXPECT_TRUE(append_element(type, value, out));
  EXPECT_EQ(out.size(), sizeof(T));
  T found{};
  std::memcpy(&found, out.data(), std::min(out.size(), sizeof(T)));
  return found;
}

bool is_refused(DataType type, const Value& value) {
  std::string out;
  const bool is_taken = append_element(type, value, out);
  EXPECT_EQ(out.empty(), !is_taken);
  return !is_taken;
}

TEST(Value, IntegersAreExact) {
  EXPECT_EQ(element<std::int64_t>(DataType::kInt64, Value::cell("9007199254740993")), 9007199254740993);
  EXPECT_EQ(element<std::uint64_t>(DataType::kUint64, Value::of(~std::uint64_t{0})), ~std::uint64_t{0});
  EXPECT_EQ(element<std::int8_t>(DataType::kInt8, Value::cell("-128")), -128);
  EXPECT_EQ(element<std::uint8_t>(DataType::kUint8, Value::of(255.0)), 255);
  EXPECT_EQ(element<std::int32_t>(DataType::kInt32, Value::cell("3.0")), 3);
}

TEST(Value, WhatATypeCannotHoldIsRefused) {
  for (const char* text : {"128", "-129", "1.5", "x", "", " 1", "1 ", "0x1", "nan", "1e30"}) {
    EXPECT_TRUE(is_refused(DataType::kInt8, Value::cell(text))) << text;
  }
  EXPECT_TRUE(is_refused(DataType::kUint8, Value::of(std::int64_t{-1})));
  EXPECT_TRUE(is_refused(DataType::kFp32, Value::cell("1e39")));
  EXPECT_TRUE(is_refused(DataType::kFp32, Value::of(1e39)));
  EXPECT_TRUE(is_refused(DataType::kFp16, Value::cell("65520")));
  EXPECT_TRUE(is_refused(DataType::kFp32, Value::text("1")));  // a JSON string is no number
  EXPECT_TRUE(is_refused(DataType::kFp64, Value::cell("1,5")));
  EXPECT_TRUE(is_refused(DataType::kBool, Value::of(std::int64_t{2})));
  EXPECT_TRUE(is_refused(DataType::kBytes, Value::of(1.0)));
  EXPECT_TRUE(is_refused(DataType::kFp32, Value()));
}

TEST(Value, FloatsAreRoundedOnce) {
  EXPECT_EQ(element<float>(DataType::kFp32, Value::cell("0.1")), 0.1F);
  // Half way between two floats and a little more: by way of a double it would go down (to even).
  EXPECT_EQ(element<float>(DataType::kFp32, Value::cell("1.00000005960464477539062500001")),
            std::nextafter(1.0F, 2.0F));
  EXPECT_EQ(element<std::uint16_t>(DataType::kFp16, Value::cell("0.1")), 0x2E66);  // IEEE 754 binary16
  EXPECT_EQ(element<std::uint16_t>(DataType::kBf16, Value::cell("0.1")),
            0x3DCD);  // the upper half of 0x3DCCCCCD, rounded
  EXPECT_TRUE(std::isinf(element<float>(DataType::kFp32, Value::cell("inf"))));
  EXPECT_TRUE(std::isnan(element<float>(DataType::kFp32, Value::cell("NaN"))));
}

TEST(Value, TextsStandBehindTheirLength) {
  std::string out;
  ASSERT_TRUE(append_element(DataType::kBytes, Value::text("Grüße"), out));
  EXPECT_EQ(out, std::string("\x07\0\0\0", 4) + "Grüße");
}

TEST(Value, Spelling) {
  const std::vector<Value> items = {Value::of(true), Value(), Value::text("a\"b"), Value::of(0.1F)};
  const Value list = Value::list(items);
  std::string json;
  append_json(json, list);
  EXPECT_EQ(json, R"([true,null,"a\"b",0.1])");
  std::string text;
  append_text(text, Value::text("a\"b"));
  append_text(text, Value::of(-std::numeric_limits<double>::infinity()));
  append_text(text, Value());
  EXPECT_EQ(text, "a\"b-Infinity");
}

}  // namespace
}  // namespace slipway::score
