#include "base/json_writer.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <rapidcheck/gtest.h>

#include "base/bytes.h"

namespace slipway {
namespace {

template <typename T>
std::string written(T value) {
  std::string out;
  JsonWriter(out).value(value);
  return out;
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("a").value(1).key("b").begin_array().value(true).null().begin_object().end_object();
  json.begin_array().end_array().value("x").end_array().key("c").raw("{\"d\":[]}").end_object();
  EXPECT_EQ(out, R"({"a":1,"b":[true,null,{},[],"x"],"c":{"d":[]}})");
}

TEST(JsonWriter, NumbersAreTheShortestThatReadBack) {
  EXPECT_EQ(written(0.1), "0.1");
  EXPECT_EQ(written(0.1F), "0.1");
  EXPECT_EQ(written(-0.0), "-0");
  EXPECT_EQ(written(1e300), "1e+300");
  EXPECT_EQ(written(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(written(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(written(std::int8_t{-1}), "-1");
  EXPECT_EQ(written(std::uint8_t{200}), "200");
}

RC_GTEST_PROP(JsonWriter, DoublesReadBackExactly, (std::uint64_t bits)) {
  double value = 0;
  std::memcpy(&value, &bits, sizeof value);
  RC_PRE(std::isfinite(value));
  RC_ASSERT(std::strtod(written(value).c_str(), nullptr) == value);
}

TEST(JsonWriter, WhatIsNoNumberIsNull) {
  EXPECT_EQ(written(std::nan("")), "null");
  EXPECT_EQ(written(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(written(-std::numeric_limits<float>::infinity()), "null");
}

TEST(JsonWriter, EscapesWhatRfc8259Requires) {
  EXPECT_EQ(written(std::string_view("\"\\\b\f\n\r\t\0\x1f/", 10)),
            "\"\\\"\\\\\\u0008\\u000c\\n\\r\\t\\u0000\\u001f/\"");
  EXPECT_EQ(written("caf\u00e9 \u20ac \U0001F600"), "\"caf\u00e9 \u20ac \U0001F600\"");
}

TEST(JsonWriter, InvalidUtf8BecomesReplacementCharacters) {
  EXPECT_EQ(written("a\xff"
                    "b"),
            "\"a\uFFFDb\"");
  EXPECT_EQ(written("\xe2\x82"), "\"\uFFFD\uFFFD\"");
  EXPECT_EQ(written("\xc3\xa9\xed\xa0\x80\n"), "\"\u00e9\uFFFD\uFFFD\uFFFD\\n\"");
}

RC_GTEST_PROP(JsonWriter, TextIsAlwaysOneValidString, (const std::string& text)) {
  const std::string out = written(std::string_view(text));
  RC_ASSERT(is_utf8(out));
  RC_ASSERT(out.size() >= 2 && out.front() == '"' && out.back() == '"');
  for (std::size_t i = 1; i + 1 < out.size(); ++i) {
    RC_ASSERT(static_cast<unsigned char>(out[i]) >= 0x20);
    RC_ASSERT(out[i] != '"');
    if (out[i] != '\\') continue;
    ++i;
    RC_ASSERT(std::string_view("\"\\nrtu").find(out[i]) != std::string_view::npos);
  }
}

TEST(JsonWriter, WritesEachCharacterAlikeWhereverItStands) {
  const auto written = [](std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out.substr(1, out.size() - 2);
  };
  for (int byte = 0; byte < 256; ++byte) {
    const std::string alone(1, static_cast<char>(byte));
    for (std::size_t before = 0; before < 18; ++before) {
      const std::string text = std::string(before, 'a') + alone + std::string(17 - before, '~');
      ASSERT_EQ(written(text), std::string(before, 'a') + written(alone) + std::string(17 - before, '~')) << byte;
    }
  }
}

}  // namespace
}  // namespace slipway
