#include "storage/postgres_values.h"

#include <cmath>
#include <gmock/gmock.h>
#include <limits>

namespace slipway {
namespace {

constexpr PostgresType kNumeric = 1700;

std::string words(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) {
    out.push_back(static_cast<char>((value >> 8) & 0xff));
    out.push_back(static_cast<char>(value & 0xff));
  }
  return out;
}

// Bytes as PostgreSQL 15 sends them: SELECT encode(numeric_send('…'::numeric), 'hex').
TEST(PostgresValues, DecodesNumeric) {
  const auto decode = [](std::initializer_list<int> values) {
    return decode_postgres(kNumeric, words(values)).value();
  };
  EXPECT_EQ(decode({0, 0, 0, 0}), SqlValue(std::int64_t{0}));                                    // 0
  EXPECT_EQ(decode({1, 0, 0, 0, 9}), SqlValue(std::int64_t{9}));                                 // 9
  EXPECT_EQ(decode({2, 1, 0x4000, 0, 1, 2345}), SqlValue(std::int64_t{-12345}));                 // -12345
  EXPECT_EQ(decode({1, 2, 0, 0, 3}), SqlValue(std::int64_t{300'000'000}));                       // 300000000
  EXPECT_EQ(decode({2, 0, 0, 2, 1, 2500}), SqlValue(1.25));                                      // 1.25
  EXPECT_EQ(decode({1, -1, 0, 4, 5}), SqlValue(0.0005));                                         // 0.0005
  EXPECT_EQ(decode({1, 0, 0, 1, 2}), SqlValue(2.0));                                             // 2.0
  EXPECT_EQ(decode({5, 4, 0, 0, 922, 3372, 368, 5477, 5808}), SqlValue(9223372036854775808.0));  // 2^63
  EXPECT_EQ(decode({5, 4, 0x4000, 0, 922, 3372, 368, 5477, 5808}),
            SqlValue(std::numeric_limits<std::int64_t>::min()));  // -2^63
  EXPECT_TRUE(std::isnan(std::get<double>(decode({0, 0, 0xC000, 0}))));
  EXPECT_EQ(decode({0, 0, 0xF000, 32}), SqlValue(-std::numeric_limits<double>::infinity()));
}

TEST(PostgresValues, RefusesANumericThatEndsEarly) {
  EXPECT_FALSE(decode_postgres(kNumeric, words({0, 0})));
  EXPECT_FALSE(decode_postgres(kNumeric, words({3, 0, 0, 0, 1})));
}

TEST(PostgresValues, RefusesATypeThatHasNoCounterpart) {
  const auto value = decode_postgres(1184, std::string(8, '\0'));  // timestamptz
  ASSERT_FALSE(value);
  EXPECT_THAT(value.error().message, testing::HasSubstr("OID 1184"));
}

TEST(PostgresValues, RefusesAnIntegerThatDoesNotFit) {
  constexpr PostgresType kInt2 = 21;
  EXPECT_TRUE(PostgresArguments::encode({std::int64_t{32'767}}, std::array{kInt2}));
  EXPECT_FALSE(PostgresArguments::encode({std::int64_t{32'768}}, std::array{kInt2}));
}

}  // namespace
}  // namespace slipway
