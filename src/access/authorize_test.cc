#include "access/authorize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "access/key.h"
#include "base/bytes.h"

namespace slipway {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr WallTime kNow{std::chrono::microseconds(1'800'000'000'000'000)};
constexpr auto kHour = std::chrono::hours(1);

class AuthorizeTest : public testing::Test {
 protected:
  LiveKey live(const ApiKey& of, std::vector<Grant> grants) {
    LiveKey result;
    result.id = *parse_key_id(of.id);
    result.digest = of.digest;
    result.principal = std::make_shared<const Principal>(Principal{"id-of-ann", "ann", std::move(grants)});
    result.last_used = last_used;
    return result;
  }
  std::string bearer(const ApiKey& of) { return "Bearer " + std::string(of.text.reveal()); }
  static std::string reason(const AccessSnapshot& keys, const Credentials& credentials,
                            const AccessPolicy& policy = {}) {
    const auto result = authenticate(policy, keys, credentials, kNow);
    return result ? "ok" : result.error().reason;
  }

  SeededRandom random{7};
  ApiKey key = make_key(random);
  std::shared_ptr<LastUsed> last_used = std::make_shared<LastUsed>(0);
};

TEST_F(AuthorizeTest, TakesAKeyFromEitherHeader) {
  const AccessSnapshot keys({live(key, {{Role::kPredictor, "iris"}})});
  const std::string text(key.text.reveal());
  for (const std::string scheme : {"Bearer ", "bearer ", "BEARER "}) {
    const auto principal = authenticate({}, keys, {scheme + text, "", ""}, kNow);
    ASSERT_TRUE(principal) << scheme;
    EXPECT_EQ((*principal)->name, "ann");
  }
  EXPECT_EQ(reason(keys, {"", text, ""}), "ok");
  EXPECT_EQ(reason(keys, {"Bearer " + text, text, ""}), "ok");
}

std::string basic(std::string_view plain) {
  return "Basic " + to_base64({reinterpret_cast<const std::uint8_t*>(plain.data()), plain.size()});
}

// As clients do that know a name and a password, such as MLflow's.
TEST_F(AuthorizeTest, TakesAKeyAsPasswordOfAnyUser) {
  const AccessSnapshot keys({live(key, {{Role::kPredictor, "iris"}})});
  const std::string text(key.text.reveal());
  for (const std::string user : {"ann:", ":", "somebody else:"}) {
    EXPECT_EQ(reason(keys, {basic(user + text), "", ""}), "ok") << user;
  }
  EXPECT_EQ(reason(keys, {basic(text), "", ""}), "access.missing_key");
  EXPECT_EQ(reason(keys, {basic("ann:" + text + "x"), "", ""}), "access.unknown_key");
  EXPECT_EQ(reason(keys, {basic("ann:x:" + text), "", ""}), "access.unknown_key");
  EXPECT_EQ(reason(keys, {basic("ann:"), "", ""}), "access.missing_key");
  EXPECT_EQ(reason(keys, {"Basic !!!", "", ""}), "access.missing_key");
}

// A browser adds a password that it knows to the requests of every page (cross-site request forgery).
TEST_F(AuthorizeTest, RefusesAPasswordFromAWebPage) {
  const AccessSnapshot keys({live(key, {{Role::kPredictor, "iris"}})});
  const std::string text(key.text.reveal());
  EXPECT_EQ(reason(keys, {basic("ann:" + text), "", "", "https://evil.example"}), "access.foreign_origin");
  EXPECT_EQ(reason(keys, {"Bearer " + text, "", "", "https://app.example"}), "ok");
}

TEST_F(AuthorizeTest, SaysWhyAKeyIsRefused) {
  const ApiKey other = make_key(random);
  const AccessSnapshot keys({live(key, {})});
  const std::string text(key.text.reveal());
  EXPECT_EQ(reason(keys, {}), "access.missing_key");
  EXPECT_EQ(reason(keys, {"Basic " + text, "", ""}), "access.missing_key");
  EXPECT_EQ(reason(keys, {"Bearer ", "", ""}), "access.missing_key");
  EXPECT_EQ(reason(keys, {"Bearer  " + text, "", ""}), "access.unknown_key");
  EXPECT_EQ(reason(keys, {bearer(other), "", ""}), "access.unknown_key");
  EXPECT_EQ(reason(keys, {"Bearer nonsense", "", ""}), "access.unknown_key");
  EXPECT_EQ(reason(keys, {bearer(key), std::string(other.text.reveal()), ""}), "access.two_keys");
  EXPECT_EQ(reason(keys, {bearer(key), "", "root"}), "access.claimed_principal");
  EXPECT_EQ(reason(AccessSnapshot({}), {bearer(key), "", ""}), "access.unknown_key");
}

TEST_F(AuthorizeTest, WrongSecretForAKnownIdLooksLikeAnUnknownKey) {
  const AccessSnapshot keys({live(key, {})});
  const ApiKey same_id = make_key_with_id(key.id, random);
  const auto unknown = authenticate({}, keys, {bearer(make_key(random)), "", ""}, kNow);
  const auto wrong = authenticate({}, keys, {bearer(same_id), "", ""}, kNow);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, unknown.error().message);
}

TEST_F(AuthorizeTest, KeyEndsAtItsExpiry) {
  LiveKey expiring = live(key, {});
  expiring.expires = kNow + kHour;
  const AccessSnapshot keys({expiring});
  const std::string text(key.text.reveal());
  EXPECT_NE(keys.authenticate(text, kNow + kHour - std::chrono::microseconds(1)).key, nullptr);
  EXPECT_EQ(keys.authenticate(text, kNow + kHour).refusal, KeyRefusal::kExpired);
}

TEST_F(AuthorizeTest, RotatedSecretWorksForItsGrace) {
  const ApiKey next = make_key_with_id(key.id, random);
  LiveKey rotated = live(next, {});
  rotated.previous_digest = key.digest;
  rotated.previous_until = kNow + kHour;
  const AccessSnapshot keys({rotated});
  EXPECT_NE(keys.authenticate(key.text.reveal(), kNow).key, nullptr);
  EXPECT_NE(keys.authenticate(next.text.reveal(), kNow).key, nullptr);
  EXPECT_EQ(keys.authenticate(key.text.reveal(), kNow + kHour).refusal, KeyRefusal::kExpired);
  EXPECT_NE(keys.authenticate(next.text.reveal(), kNow + kHour).key, nullptr);
}

TEST_F(AuthorizeTest, FindsEachOfManyKeys) {
  std::vector<ApiKey> made;
  std::vector<LiveKey> rows;
  for (int i = 0; i < 1000; ++i) {
    made.push_back(make_key(random));
    rows.push_back(live(made.back(), {}));
  }
  const AccessSnapshot keys(std::move(rows));
  for (const ApiKey& one : made) {
    const auto found = keys.authenticate(one.text.reveal(), kNow);
    ASSERT_NE(found.key, nullptr);
    EXPECT_EQ(key_id_text(found.key->id), one.id);
  }
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(keys.authenticate(make_key(random).text.reveal(), kNow).key, nullptr);
}

TEST_F(AuthorizeTest, NotesTheMinuteOfUse) {
  const AccessSnapshot keys({live(key, {})});
  keys.authenticate(make_key_with_id(key.id, random).text.reveal(), kNow);
  EXPECT_EQ(last_used->load(), 0) << "a refused secret is no use";
  keys.authenticate(key.text.reveal(), kNow);
  EXPECT_EQ(last_used->load(), 30'000'000);
}

TEST_F(AuthorizeTest, ForbiddenNamesPermissionAndModelWhetherItExistsOrNot) {
  const AccessSnapshot keys({live(key, {{Role::kPredictor, "iris"}})});
  const Credentials credentials{"", key.text.reveal(), ""};
  EXPECT_TRUE(admit({}, keys, credentials, kNow, Permission::kPredict, "iris"));
  const auto refused = admit({}, keys, credentials, kNow, Permission::kPredict, "other");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
  EXPECT_EQ(refused.error().reason, "access.forbidden");
  EXPECT_THAT(refused.error().message, HasSubstr("predict"));
  EXPECT_THAT(refused.error().message, HasSubstr("\"other\""));
  EXPECT_THAT(refused.error().message, Not(HasSubstr("exist")));
}

TEST_F(AuthorizeTest, PublicNeedsNoKeyButKnowsWhoAsksWhenThereIsOne) {
  const AccessSnapshot keys({live(key, {})});
  const auto nobody = admit({}, keys, {}, kNow, Permission::kPublic, "");
  ASSERT_TRUE(nobody);
  EXPECT_EQ((*nobody)->name, "anonymous");
  EXPECT_TRUE((*nobody)->grants.empty());
  EXPECT_EQ((*admit({}, keys, {"", key.text.reveal(), ""}, kNow, Permission::kPublic, ""))->name, "ann");
  EXPECT_TRUE(admit({}, keys, {"Bearer stale", "", ""}, kNow, Permission::kPublic, ""));
  EXPECT_EQ(admit({}, keys, {}, kNow, Permission::kReadMetadata, "").error().reason, "access.missing_key");
}

TEST_F(AuthorizeTest, WithAuthOffAnybodyMayEverything) {
  const AccessSnapshot keys({});
  const AccessPolicy off{false, false};
  for (int permission = 0; permission <= static_cast<int>(Permission::kReadAudit); ++permission) {
    const auto principal = admit(off, keys, {}, kNow, static_cast<Permission>(permission), "iris");
    ASSERT_TRUE(principal);
    EXPECT_EQ((*principal)->id, "anonymous");
  }
}

TEST_F(AuthorizeTest, WithAuthOffAClaimIsTakenOnLoopbackOnly) {
  const AccessSnapshot keys({});
  const auto claimed = authenticate({false, true}, keys, {"", "", "carol"}, kNow);
  ASSERT_TRUE(claimed);
  EXPECT_EQ((*claimed)->id, "carol");
  EXPECT_TRUE((*claimed)->may(Permission::kApprove, "iris"));
  EXPECT_EQ(reason(keys, {"", "", "carol"}, {false, false}), "access.claimed_principal");
  for (const std::string_view bad : {"a b", "-a", "a\n", "\xff", "a/b", "a\"b"}) {
    EXPECT_EQ(reason(keys, {"", "", bad}, {false, true}), "access.claimed_principal") << bad;
  }
  EXPECT_EQ(reason(keys, {"", "", std::string(65, 'a')}, {false, true}), "access.claimed_principal");
}

}  // namespace
}  // namespace slipway
