#include "base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace slipway {
namespace {

std::vector<std::uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

struct Spelling {
  const char* plain;
  const char* base64;
  const char* hex;
};

// RFC 4648, section 10; hexadecimal in lower case.
class Rfc4648 : public testing::TestWithParam<Spelling> {};

TEST_P(Rfc4648, MatchesTheVectors) {
  const auto plain = bytes_of(GetParam().plain);
  EXPECT_EQ(to_base64(plain), GetParam().base64);
  EXPECT_EQ(from_base64(GetParam().base64), plain);
  EXPECT_EQ(to_hex(plain), GetParam().hex);
  EXPECT_EQ(from_hex(GetParam().hex), plain);
}

INSTANTIATE_TEST_SUITE_P(Vectors, Rfc4648,
                         testing::Values(Spelling{"", "", ""}, Spelling{"f", "Zg==", "66"},
                                         Spelling{"fo", "Zm8=", "666f"}, Spelling{"foo", "Zm9v", "666f6f"},
                                         Spelling{"foob", "Zm9vYg==", "666f6f62"},
                                         Spelling{"fooba", "Zm9vYmE=", "666f6f6261"},
                                         Spelling{"foobar", "Zm9vYmFy", "666f6f626172"}));

TEST(Base64, RefusesOtherSpellings) {
  for (const char* text : {
           "Zg",
           "Zg=",
           "Zg===",
           "Z===",
           "====",
           "=",
           "Zh==",
           "Zm9=",
           "Zm 9",
           "Zm9v\n",
           "Zm9v====",
           "Zm-_",
           "Z=g=",
           "=Zg=",
       }) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
  EXPECT_FALSE(from_base64(std::string_view("Zm9v\0\0\0\0", 8)));
}

TEST(Hex, TakesEitherCaseAndNothingElse) {
  EXPECT_EQ(from_hex("aBcD"), (std::vector<std::uint8_t>{0xAB, 0xCD}));
  for (const char* text : {"a", "0x", "gg", " 1", "1 ", "-1", "\xc3\xa9"}) EXPECT_FALSE(from_hex(text)) << text;
}

RC_GTEST_PROP(Base64, DecodeInvertsEncode, (const std::vector<std::uint8_t>& bytes)) {
  RC_ASSERT(from_base64(to_base64(bytes)) == bytes);
}
RC_GTEST_PROP(Hex, DecodeInvertsEncode, (const std::vector<std::uint8_t>& bytes)) {
  RC_ASSERT(from_hex(to_hex(bytes)) == bytes);
}

std::string encoded(std::uint32_t point) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(value); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xC0 | point >> 6), byte(0x80 | (point & 0x3F))};
  if (point < 0x10000) return {byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 0x3F)), byte(0x80 | (point & 0x3F))};
  return {byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 0x3F)), byte(0x80 | (point >> 6 & 0x3F)),
          byte(0x80 | (point & 0x3F))};
}

TEST(Utf8, AcceptsEveryCodePointButSurrogates) {
  for (std::uint32_t point = 0; point < 0x110000; ++point) {
    const bool is_surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (is_utf8(encoded(point)) == is_surrogate) FAIL() << std::hex << point;
  }
  for (std::uint32_t point = 0x110000; point < 0x200000; point += 0x1000) EXPECT_FALSE(is_utf8(encoded(point)));
}

// Unicode 15, table 3-7: every pair of a lead byte and a second byte, with continuation bytes after it.
TEST(Utf8, SecondByteFollowsTable37) {
  for (unsigned lead = 0x80; lead < 0x100; ++lead) {
    for (unsigned second = 0; second < 0x100; ++second) {
      const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
      const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
      const std::size_t size = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
      std::string text = {static_cast<char>(lead), static_cast<char>(second)};
      if (size > 2) text.append(size - 2, '\x80');
      ASSERT_EQ(is_utf8(text), size != 0 && second >= low && second <= high) << std::hex << lead << " " << second;
    }
  }
}

TEST(Utf8, RefusesTruncationAtEachPlace) {
  for (const std::uint32_t point : {0xE9U, 0x20ACU, 0x1F600U}) {
    const std::string whole = encoded(point);
    for (std::size_t size = 1; size < whole.size(); ++size) {
      EXPECT_FALSE(is_utf8(whole.substr(0, size)));
      EXPECT_FALSE(is_utf8(whole.substr(0, size) + "a"));
    }
  }
}

TEST(Quoted, ShowsWhatIsThereWithoutControlCharacters) {
  EXPECT_EQ(quoted("iris"), "\"iris\"");
  EXPECT_EQ(quoted("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(quoted("a\n\x1b\x7f"), R"("a\x0a\x1b\x7f")");
  EXPECT_EQ(quoted("caf\u00e9"), "\"caf\u00e9\"");
  EXPECT_EQ(quoted("\xff"), R"("\xff")");
  EXPECT_EQ(quoted(std::string(100, 'x'), 3), "\"xxx\u2026\"");
}

RC_GTEST_PROP(Quoted, IsPrintableTextWhateverItIsGiven, (const std::string& text)) {
  const auto max = *rc::gen::inRange<std::size_t>(0, 20);
  const std::string shown = quoted(text, max);
  RC_ASSERT(is_utf8(shown));
  for (const char c : shown) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
}

}  // namespace
}  // namespace slipway
