#include "access/permission.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace slipway {
namespace {

using enum Permission;

constexpr Role kRoles[] = {Role::kViewer,   Role::kPredictor, Role::kDataScientist, Role::kApprover,
                           Role::kOperator, Role::kAdmin,     Role::kAuditor};

// The matrix as it is promised, one row a permission, in the order of kRoles.
struct MatrixRow {
  Permission permission;
  const char* allowed;  // 'x' or '.', one a role
};
// viewer, predictor, data-scientist, approver, operator, admin, auditor
constexpr MatrixRow kExpected[] = {{kPublic, "xxxxxxx"},       {kReadEndpoint, "xxxxxxx"}, {kReadMetadata, "x.xxxxx"},
                                   {kReadMetrics, "x.xxxxx"},  {kPredict, ".xx...."},      {kRegister, "..x...."},
                                   {kTrack, "..x..x."},        {kApprove, "...x..."},      {kDeploy, "....x.."},
                                   {kManageAccess, ".....x."}, {kReadAudit, "......x"}};

TEST(Matrix, IsExactlyThePromisedOne) {
  for (const auto& [permission, allowed] : kExpected) {
    for (std::size_t i = 0; i < std::size(kRoles); ++i) {
      EXPECT_EQ(allows(kRoles[i], permission), allowed[i] == 'x')
          << to_string(kRoles[i]) << " " << to_string(permission);
    }
  }
}

TEST(Permission, EachHasAName) {
  EXPECT_EQ(to_string(kPublic), "public");
  EXPECT_EQ(to_string(kReadEndpoint), "read-endpoint");
  EXPECT_EQ(to_string(kPredict), "predict");
  EXPECT_EQ(to_string(kReadAudit), "read-audit");
}

TEST(Role, NamesRoundTrip) {
  for (const Role role : kRoles) EXPECT_EQ(parse_role(to_string(role)), role);
  EXPECT_EQ(parse_role("Admin"), std::nullopt);
  EXPECT_EQ(parse_role(""), std::nullopt);
}

TEST(Principal, GrantOnOneModelIsNoGrantOnAnother) {
  const Principal principal{"1", "ann", {{Role::kPredictor, "iris"}, {Role::kViewer, "*"}}};
  EXPECT_TRUE(principal.may(kPredict, "iris"));
  EXPECT_FALSE(principal.may(kPredict, "iris2"));
  EXPECT_FALSE(principal.may(kPredict, "Iris"));
  EXPECT_TRUE(principal.may(kReadMetadata, "iris2"));
  EXPECT_FALSE(principal.may(kApprove, "iris"));
}

TEST(Principal, WithoutGrantsMayOnlyWhatIsPublic) {
  const Principal principal{"1", "ann", {}};
  for (const auto& row : kExpected) EXPECT_EQ(principal.may(row.permission, ""), row.permission == kPublic);
}

TEST(Principal, RequestThatNamesNoModelNeedsTheRoleOnSomeModel) {
  const Principal principal{"1", "ann", {{Role::kPredictor, "iris"}}};
  EXPECT_TRUE(principal.may(kPredict, ""));
  EXPECT_FALSE(principal.may(kDeploy, ""));
}

// An admin of one model could otherwise make a key for all of them, or take over anybody's.
TEST(Principal, AccessAndAuditAreOfTheWholeServer) {
  const Principal scoped{"1", "ann", {{Role::kAdmin, "iris"}, {Role::kAuditor, "iris"}}};
  EXPECT_FALSE(scoped.may(kManageAccess, ""));
  EXPECT_FALSE(scoped.may(kReadAudit, ""));
  const Principal whole{"2", "bob", {{Role::kAdmin, "*"}, {Role::kAuditor, "*"}}};
  EXPECT_TRUE(whole.may(kManageAccess, ""));
  EXPECT_TRUE(whole.may(kReadAudit, ""));
}

}  // namespace
}  // namespace slipway
