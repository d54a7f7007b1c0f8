#include "protocol/byte_range.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

constexpr ByteRange kUnsatisfiable{ByteRange::Kind::kUnsatisfiable, 0, 0};
ByteRange part(std::uint64_t first, std::uint64_t length) { return {ByteRange::Kind::kPart, first, length}; }

// The examples of RFC 9110 section 14.1.2, of a body of 10,000 bytes.
TEST(ByteRange, ReadsTheExamplesOfTheStandard) {
  EXPECT_EQ(choose_range("bytes=0-499", 10'000), part(0, 500));
  EXPECT_EQ(choose_range("bytes=500-999", 10'000), part(500, 500));
  EXPECT_EQ(choose_range("bytes=-500", 10'000), part(9'500, 500));
  EXPECT_EQ(choose_range("bytes=9500-", 10'000), part(9'500, 500));
}

TEST(ByteRange, EndsWithTheBody) {
  EXPECT_EQ(choose_range("bytes=9-99", 10), part(9, 1));
  EXPECT_EQ(choose_range("bytes=0-0", 10), part(0, 1));
  EXPECT_EQ(choose_range("Bytes=0-18446744073709551615", 10), part(0, 10));
  EXPECT_EQ(choose_range("bytes=0-99999999999999999999999", 10), part(0, 10));
  EXPECT_EQ(choose_range("bytes=-11", 10), part(0, 10));
}

TEST(ByteRange, BehindTheEndThereIsNothing) {
  for (const char* header : {"bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-"}) {
    EXPECT_EQ(choose_range(header, 10), kUnsatisfiable) << header;
  }
  EXPECT_EQ(choose_range("bytes=0-", 0), kUnsatisfiable);
}

TEST(ByteRange, WhatIsNotOneGoodRangeIsIgnored) {
  for (const char* header : {"", "bytes=", "bytes=-", "bytes=5", "bytes=a-b", "bytes=5-4", "bytes= 0-4", "bytes=+1-4",
                             "bytes=--4", "bytes=0-1,3-4", "items=0-4", "bytes:0-4", "bytes=0-4x"}) {
    EXPECT_EQ(choose_range(header, 10), (ByteRange{ByteRange::Kind::kWhole, 0, 10})) << header;
  }
  EXPECT_EQ(choose_range("bytes=-5", 0), (ByteRange{ByteRange::Kind::kWhole, 0, 0}));
}

}  // namespace
}  // namespace slipway
