#include "base/clock.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

WallTime at_micros(std::int64_t micros) { return WallTime(std::chrono::microseconds(micros)); }

// Values from Python: datetime.fromtimestamp(s, timezone.utc).
TEST(FormatTime, IsRfc3339InUtcWithMicroseconds) {
  EXPECT_EQ(format_time(at_micros(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_time(at_micros(1'800'000'000'000'001)), "2027-01-15T08:00:00.000001Z");
  EXPECT_EQ(format_time(at_micros(951'827'696'999'999)), "2000-02-29T12:34:56.999999Z");
  EXPECT_EQ(format_time(at_micros(-1)), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_time(at_micros(253'402'300'799'999'999)), "9999-12-31T23:59:59.999999Z");
}

// RFC 3339, section 5.8, and values from Python: datetime.fromisoformat(t).timestamp().
TEST(ParseTime, ReadsRfc3339AndDates) {
  EXPECT_EQ(parse_time("1985-04-12T23:20:50.52Z"), at_micros(482'196'050'520'000));
  EXPECT_EQ(parse_time("1996-12-19T16:39:57-08:00"), at_micros(851'042'397'000'000));
  EXPECT_EQ(parse_time("2027-01-15T08:00:00.000001Z"), at_micros(1'800'000'000'000'001));
  EXPECT_EQ(parse_time("2027-01-15"), at_micros(1'799'971'200'000'000));
}

TEST(ParseTime, InvertsFormatTime) {
  for (const std::int64_t micros : {0LL, -1LL, 951'827'696'999'999LL, 1'800'000'000'000'001LL}) {
    EXPECT_EQ(parse_time(format_time(at_micros(micros))), at_micros(micros));
  }
}

TEST(ParseTime, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "now", "2027", "2027-1-1", "2027-02-29", "2027-13-01", "2027-01-15T", "2027-01-15T08:00",
        "2027-01-15T08:00:00", "2027-01-15T24:00:00Z", "2027-01-15T08:60:00Z", "2027-01-15T08:00:60Z",
        "2027-01-15T08:00:00.Z", "2027-01-15T08:00:00Zx", "2027-01-15T08:00:00+99:99", " 2027-01-15"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

TEST(ManualClock, MovesOnlyWhenTold) {
  ManualClock clock(at_micros(5));
  const Monotonic before = clock.monotonic();
  EXPECT_EQ(clock.now(), at_micros(5));
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(clock.now(), at_micros(1'000'005));
  EXPECT_EQ(clock.monotonic() - before, std::chrono::seconds(1));
}

TEST(SystemClock, IsNearTheStandardClocksAndGoesForward) {
  const auto difference = std::chrono::system_clock::now() - system_clock().now();
  EXPECT_LT(std::chrono::abs(difference), std::chrono::seconds(5));
  const Monotonic before = system_clock().monotonic();
  EXPECT_GE(system_clock().monotonic(), before);
}

}  // namespace
}  // namespace slipway
