#include "app/load_retries.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Monotonic kStart{std::chrono::hours(1)};

TEST(LoadRetries, WaitTwiceAsLongEachTimeUpToALimit) {
  LoadRetries retries(seconds(2));
  EXPECT_TRUE(retries.is_due("v", "bytes", kStart));
  Monotonic now = kStart;
  for (const seconds delay : {seconds(2), seconds(4), seconds(8), seconds(16), seconds(32), seconds(64), seconds(128),
                              seconds(256), seconds(300), seconds(300)}) {
    retries.note_failure("v", "bytes", "tampered", now);
    EXPECT_FALSE(retries.is_due("v", "bytes", now + delay - milliseconds(1))) << delay.count();
    now += delay;
    EXPECT_TRUE(retries.is_due("v", "bytes", now)) << delay.count();
  }
  EXPECT_TRUE(retries.is_due("other", "bytes", kStart));
}

TEST(LoadRetries, ChangedBytesAreDueAtOnceAndStartAnew) {
  LoadRetries retries(seconds(2));
  for (int i = 0; i < 6; ++i) retries.note_failure("v", "bytes", "tampered", kStart);
  EXPECT_FALSE(retries.is_due("v", "bytes", kStart + minutes(1)));
  EXPECT_TRUE(retries.is_due("v", "restored", kStart));
  retries.note_failure("v", "restored", "tampered", kStart);
  EXPECT_FALSE(retries.is_due("v", "restored", kStart + seconds(1)));
  EXPECT_TRUE(retries.is_due("v", "restored", kStart + seconds(2)));
}

TEST(LoadRetries, EverythingIsDueWhenWhatIsServedChanges) {
  LoadRetries retries(seconds(2));
  for (int i = 0; i < 6; ++i) retries.note_failure("v", "bytes", "no memory", kStart);
  retries.make_due();
  EXPECT_TRUE(retries.is_due("v", "bytes", kStart));
  EXPECT_FALSE(retries.note_failure("v", "bytes", "no memory", kStart));
  EXPECT_TRUE(retries.is_due("v", "bytes", kStart + seconds(2)));
}

TEST(LoadRetries, ReasonIsNewsOnce) {
  LoadRetries retries(seconds(2));
  EXPECT_TRUE(retries.note_failure("v", "bytes", "tampered", kStart));
  EXPECT_FALSE(retries.note_failure("v", "bytes", "tampered", kStart));
  EXPECT_TRUE(retries.note_failure("v", "bytes", "missing", kStart));
  EXPECT_EQ(retries.size(), 1U);
  retries.keep_only({"w"});
  EXPECT_EQ(retries.size(), 0U);
}

}  // namespace
}  // namespace slipway
