#include "access/access_control.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "access/authorize.h"
#include "storage/testing/database_test_case.h"

namespace slipway {
namespace {

using testing::HasSubstr;
using testing::Not;

class AccessControlTest : public DatabaseTestCase {
 protected:
  void SetUp() override {
    DatabaseTestCase::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    database = open();
    control = reopen();
  }
  std::unique_ptr<AccessControl> reopen() { return std::move(AccessControl::open(*database, clock).value()); }

  static std::string outcome(AccessControl& from, const Secret& key, const Clock& at) {
    const auto result = authenticate({}, *from.snapshot().load(), {"", key.reveal(), ""}, at.now());
    return result ? (*result)->name : result.error().reason;
  }
  std::string outcome(const Secret& key) { return outcome(*control, key, clock); }

  IssuedKey issue(std::string name, Grant grant, std::optional<std::int64_t> days = std::nullopt) {
    return std::move(control->create_key({std::move(name), std::move(grant), days}, "root").value());
  }

  ManualClock clock{WallTime(std::chrono::microseconds(1'800'000'000'000'000))};
  std::unique_ptr<Database> database;
  std::unique_ptr<AccessControl> control;
};

TEST_P(AccessControlTest, KeyWorksAtOnceAndAfterARestart) {
  const IssuedKey key = issue("ann", {Role::kPredictor, "iris"});
  EXPECT_EQ(outcome(key.text), "ann");
  EXPECT_EQ(key.info.name, "ann");
  EXPECT_EQ(key.info.created_by, "root");
  control = reopen();
  EXPECT_EQ(outcome(key.text), "ann");
}

TEST_P(AccessControlTest, SecretIsNotStored) {
  const IssuedKey key = issue("ann", {Role::kPredictor, "*"});
  const std::string secret(key.text.reveal().substr(25));
  ASSERT_TRUE(database->read([&](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const auto rows, transaction.query("SELECT id, digest, principal_id, role, model FROM access_keys"));
    EXPECT_EQ(rows.size(), 1U);
    for (std::size_t i = 0; i < rows[0].size(); ++i) EXPECT_THAT(rows[0].text(i), Not(HasSubstr(secret.substr(0, 8))));
    return {};
  }));
}

TEST_P(AccessControlTest, KeysOfOnePrincipalShareItsIdAndLiveSideBySide) {
  const IssuedKey first = issue("ann", {Role::kPredictor, "iris"});
  const IssuedKey second = issue("ann", {Role::kApprover, "*"});
  EXPECT_EQ(first.info.principal_id, second.info.principal_id);
  EXPECT_EQ(outcome(first.text), "ann");
  EXPECT_EQ(outcome(second.text), "ann");
  const auto keys = control->snapshot().load();
  const auto* approver = keys->authenticate(second.text.reveal(), clock.now()).key;
  ASSERT_NE(approver, nullptr);
  EXPECT_TRUE(approver->principal->may(Permission::kApprove, "iris"));
  EXPECT_FALSE(approver->principal->may(Permission::kPredict, "iris")) << "a key gives no more than its own role";
}

TEST_P(AccessControlTest, KeyExpires) {
  const IssuedKey key = issue("ann", {Role::kPredictor, "*"}, 1);
  clock.advance(std::chrono::hours(24) - std::chrono::seconds(1));
  EXPECT_EQ(outcome(key.text), "ann");
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(outcome(key.text), "access.expired_key");
}

TEST_P(AccessControlTest, RotationGivesANewSecretAndKeepsTheOldOneForItsGrace) {
  const IssuedKey old = issue("ann", {Role::kPredictor, "*"});
  const IssuedKey next = std::move(control->rotate_key(old.info.id, std::chrono::minutes(10)).value());
  EXPECT_EQ(next.info.id, old.info.id);
  EXPECT_EQ(outcome(old.text), "ann");
  EXPECT_EQ(outcome(next.text), "ann");
  clock.advance(std::chrono::minutes(10));
  EXPECT_EQ(outcome(old.text), "access.expired_key");
  EXPECT_EQ(outcome(next.text), "ann");
}

TEST_P(AccessControlTest, RotationWithoutGraceEndsTheOldSecretAtOnce) {
  const IssuedKey old = issue("ann", {Role::kPredictor, "*"});
  ASSERT_TRUE(control->rotate_key(old.info.id, std::chrono::minutes(0)));
  EXPECT_EQ(outcome(old.text), "access.expired_key");
}

TEST_P(AccessControlTest, RevokedKeyIsUnknownAndStaysListed) {
  const IssuedKey key = issue("ann", {Role::kPredictor, "*"});
  ASSERT_TRUE(control->revoke_key(key.info.id, "root"));
  EXPECT_EQ(outcome(key.text), "access.unknown_key");
  const auto revoked_again = control->revoke_key(key.info.id, "root");
  ASSERT_TRUE(revoked_again);
  EXPECT_EQ(revoked_again->revoked, clock.now());
  EXPECT_EQ(control->list_keys()->size(), 1U);
  EXPECT_EQ(control->rotate_key(key.info.id, std::chrono::minutes(0)).error().reason, "access.key_revoked");
}

TEST_P(AccessControlTest, UnknownIdsAreNotFound) {
  EXPECT_EQ(control->revoke_key("0123456789abcdef", "root").error().reason, "access.key_not_found");
  EXPECT_EQ(control->rotate_key("' OR 1=1 --", std::chrono::minutes(0)).error().reason, "access.key_not_found");
}

TEST_P(AccessControlTest, KeyEndsWithTheGrantItStandsOn) {
  const IssuedKey key = issue("ann", {Role::kPredictor, "iris"});
  ASSERT_TRUE(control->remove_grant("ann", {Role::kPredictor, "iris"}));
  EXPECT_EQ(outcome(key.text), "access.unknown_key");
  ASSERT_TRUE(control->add_grant("ann", {Role::kPredictor, "*"}, "root"));
  EXPECT_EQ(outcome(key.text), "ann") << "a grant on all models covers one on this";
  EXPECT_EQ(control->remove_grant("ann", {Role::kAdmin, "*"}).error().reason, "access.grant_not_found");
}

TEST_P(AccessControlTest, ListsWhatEachPrincipalHolds) {
  issue("ben", {Role::kViewer, "*"});
  ASSERT_TRUE(control->add_grant("ann", {Role::kPredictor, "iris"}, "root"));
  ASSERT_TRUE(control->add_grant("ann", {Role::kPredictor, "iris"}, "root")) << "a second time changes nothing";
  const auto grants = control->list_grants();
  ASSERT_TRUE(grants) << grants.error().message;
  ASSERT_EQ(grants->size(), 2U);
  EXPECT_EQ(grants->front().name, "ann");
  EXPECT_EQ(grants->front().grant, (Grant{Role::kPredictor, "iris"}));
  EXPECT_EQ(grants->front().created_by, "root");
  EXPECT_EQ(control->principal_name(grants->front().principal_id), "ann");
  EXPECT_EQ(control->principal_name("nobody"), "");
}

TEST_P(AccessControlTest, RefusesMalformedRequests) {
  const auto reason = [&](KeyRequest request) {
    const auto result = control->create_key(request, "root");
    return result ? "ok" : result.error().reason;
  };
  EXPECT_EQ(reason({"", {Role::kViewer, "*"}, {}}), "access.bad_name");
  EXPECT_EQ(reason({"a b", {Role::kViewer, "*"}, {}}), "access.bad_name");
  EXPECT_EQ(reason({"anonymous", {Role::kViewer, "*"}, {}}), "access.bad_name");
  EXPECT_EQ(reason({"ann", {Role::kViewer, ""}, {}}), "access.bad_model");
  EXPECT_EQ(reason({"ann", {Role::kViewer, "../x"}, {}}), "access.bad_model");
  EXPECT_EQ(reason({"ann", {Role::kViewer, "*"}, 0}), "access.bad_expiry");
  EXPECT_EQ(reason({"ann", {Role::kViewer, "*"}, 3651}), "access.bad_expiry");
  EXPECT_EQ(reason({"ann", {Role::kViewer, "*"}, 3650}), "ok");
  EXPECT_EQ(control->rotate_key("0123456789abcdef", std::chrono::minutes(-1)).error().reason, "access.bad_grace");
}

TEST_P(AccessControlTest, OtherServersChangesArriveWithARefresh) {
  const auto other = reopen();
  const IssuedKey key = issue("ann", {Role::kPredictor, "*"});
  EXPECT_EQ(outcome(*other, key.text, clock), "access.unknown_key");
  ASSERT_TRUE(other->refresh());
  EXPECT_EQ(outcome(*other, key.text, clock), "ann");
}

TEST_P(AccessControlTest, LastUseIsListedToTheMinute) {
  const IssuedKey key = issue("ann", {Role::kPredictor, "*"});
  EXPECT_EQ(control->list_keys()->front().last_used, std::nullopt);
  clock.advance(std::chrono::seconds(90));
  outcome(key.text);
  EXPECT_EQ(control->list_keys()->front().last_used, std::chrono::floor<std::chrono::minutes>(clock.now()));
  EXPECT_EQ(reopen()->list_keys()->front().last_used, std::chrono::floor<std::chrono::minutes>(clock.now()));
}

TEST_P(AccessControlTest, BootstrapMakesOneAdminOnceAndHidesItsKey) {
  const std::filesystem::path directory = testing::TempDir() + "access_bootstrap_" + std::to_string(getpid());
  std::filesystem::create_directories(directory);
  const auto path = control->bootstrap(directory);
  ASSERT_TRUE(path);
  ASSERT_TRUE(*path);
  struct stat status {};
  ASSERT_EQ(stat((*path)->c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  std::string line;
  std::getline(std::ifstream(**path), line);
  EXPECT_EQ(outcome(Secret(line)), "bootstrap");
  const auto keys = control->snapshot().load();
  EXPECT_TRUE(keys->keys().front().principal->may(Permission::kManageAccess, ""));
  EXPECT_FALSE(keys->keys().front().principal->may(Permission::kPredict, "iris"));
  EXPECT_EQ(control->bootstrap(directory).value(), std::nullopt);
  EXPECT_EQ(reopen()->bootstrap(directory).value(), std::nullopt);
  std::filesystem::remove_all(directory);
}

TEST_P(AccessControlTest, BootstrapThatCannotWriteTheKeyMakesNoPrincipal) {
  EXPECT_EQ(control->bootstrap("/proc/no/such/directory").error().reason, "access.bootstrap_file");
  EXPECT_TRUE(control->list_keys()->empty());
}

INSTANTIATE_TEST_SUITE_P(Databases, AccessControlTest, every_database(), database_name);

}  // namespace
}  // namespace slipway
