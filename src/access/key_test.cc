#include "access/key.h"

#include <gtest/gtest.h>
#include <map>

namespace slipway {
namespace {

TEST(Key, HasTheDocumentedShape) {
  SeededRandom random(1);
  const ApiKey key = make_key(random);
  const std::string_view text = key.text.reveal();
  EXPECT_EQ(text.size(), 74U);
  EXPECT_TRUE(text.starts_with("slipway_" + key.id + "_"));
  EXPECT_TRUE(is_well_formed_key(text));
  const auto parsed = parse_key(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(key_id_text(parsed->id), key.id);
  EXPECT_EQ(parsed->proof.size(), 49U);
  EXPECT_EQ(key_digest(*parsed), key.digest);
  EXPECT_EQ(key.digest, sha256(text.substr(25)));
}

// Checksum from Python: zlib.crc32(b"slipway_0123456789abcdef_" + b"0" * 43) = 1393382853, in base 62 with digits
// 0-9A-Za-z.
TEST(Key, ChecksumIsCrc32InBase62) {
  const std::string body = "slipway_0123456789abcdef_" + std::string(43, '0');
  EXPECT_TRUE(is_well_formed_key(body + "1WIUWz"));
}

TEST(Key, AnyMistypedCharacterBreaksTheChecksum) {
  SeededRandom random(2);
  const ApiKey key = make_key(random);
  const std::string text(key.text.reveal());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string mistyped = text;
    mistyped[i] = mistyped[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(is_well_formed_key(mistyped)) << i;
  }
}

TEST(Key, RefusesEveryOtherShape) {
  SeededRandom random(3);
  const std::string good(make_key(random).text.reveal());
  EXPECT_TRUE(parse_key(good));
  EXPECT_FALSE(parse_key(""));
  EXPECT_FALSE(parse_key("slipway_"));
  EXPECT_FALSE(parse_key(good + "0"));
  EXPECT_FALSE(parse_key(good.substr(1)));
  std::string bad = good;
  bad[8] = 'g';  // not hexadecimal
  EXPECT_FALSE(parse_key(bad));
  bad = good;
  bad[8] = 'A';  // one spelling only
  EXPECT_FALSE(parse_key(bad));
  bad = good;
  bad[24] = '-';
  EXPECT_FALSE(parse_key(bad));
  bad = good;
  bad[40] = '\0';
  EXPECT_FALSE(parse_key(bad));
}

TEST(Key, NewSecretKeepsTheId) {
  const ApiKey first = make_key(system_random());
  const ApiKey second = make_key_with_id(first.id, system_random());
  EXPECT_EQ(first.id, second.id);
  EXPECT_NE(first.digest, second.digest);
}

TEST(Key, SecretsUseTheWholeAlphabetEvenly) {
  SeededRandom random(4);
  std::map<char, int> seen;
  constexpr int kKeys = 2000;
  for (int i = 0; i < kKeys; ++i) {
    const ApiKey key = make_key(random);
    for (const char c : key.text.reveal().substr(25, 43)) ++seen[c];
  }
  EXPECT_EQ(seen.size(), 62U);
  // Chi-squared with 61 degrees of freedom: 119 is passed once in 100,000 (SciPy: chi2.isf(1e-5, 61) = 119.0).
  const double expected = kKeys * 43 / 62.0;
  double chi_squared = 0;
  for (const auto& [c, count] : seen) chi_squared += (count - expected) * (count - expected) / expected;
  EXPECT_LT(chi_squared, 119);
}

}  // namespace
}  // namespace slipway
