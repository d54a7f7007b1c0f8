#include "app/settings.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Settings, ApprovalsAreWhatTheRegistryAccepts) {
  Settings settings;
  settings.data_directory = "data";
  for (const unsigned approvals : {0U, 17U}) {
    settings.approvals_required = approvals;
    const Status refused = check(settings);
    ASSERT_FALSE(refused) << approvals;
    EXPECT_NE(refused.error().message.find("1 to 16"), std::string::npos);
  }
  settings.approvals_required = 16;
  EXPECT_TRUE(check(settings));
}

}  // namespace
}  // namespace slipway
