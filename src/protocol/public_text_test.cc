#include "protocol/public_text.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(WithoutDirectories, KeepsTheLastPartOfAPath) {
  EXPECT_EQ(without_directories("cannot sync \"/var/lib/slipway/audit/segment-1.log\": No space left on device"),
            "cannot sync \"segment-1.log\": No space left on device");
  EXPECT_EQ(without_directories("/srv/data/x: gone; also (/srv/data/y)"), "x: gone; also (y)");
}

TEST(WithoutDirectories, LeavesEverythingElse) {
  for (const std::string_view same :
       {"", "/", "a/b of \"c/d\"", "one / two", "text/plain", "/metrics", "http://host/x"}) {
    EXPECT_EQ(without_directories(same), same);
  }
}

}  // namespace
}  // namespace slipway
