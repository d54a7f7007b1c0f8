#include "app/serving_wishes.h"

#include <gmock/gmock.h>

#include "app/approved_versions.h"
#include "registry/registry_test_case.h"

namespace slipway {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

class ServingWishesTest : public RegistryTestCase {
 protected:
  void SetUp() override {
    RegistryTestCase::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    make_model();
  }
  void set(const Version& version, ServingWish wish) {
    const Status status = database_->write([&](Transaction& t) { return wishes_.set(t, version.id, wish, "olga"); });
    ASSERT_TRUE(status) << status.error().message;
  }
  auto all() {
    return *read([&](Transaction& t) { return wishes_.all(t); });
  }
  std::string found(std::string_view name) {
    const auto versions = read([&](Transaction& t) { return find_approved(t, store_, "iris", name); });
    if (!versions) return versions.error().reason;
    std::string names;
    for (const Version& version : *versions) names += version.semver.to_string() + " ";
    return names;
  }

  ServingWishes wishes_{clock_};
};

TEST_P(ServingWishesTest, KeepsTheNewestWish) {
  const Version first = make_approved("1.0.0");
  const Version second = make_approved("1.1.0");
  EXPECT_THAT(all(), IsEmpty());
  set(first, ServingWish::kUnloaded);
  set(second, ServingWish::kUnloaded);
  set(second, ServingWish::kPinned);
  EXPECT_THAT(all(),
              UnorderedElementsAre(Pair(first.id, ServingWish::kUnloaded), Pair(second.id, ServingWish::kPinned)));
  set(first, ServingWish::kServed);
  EXPECT_THAT(all(), UnorderedElementsAre(Pair(second.id, ServingWish::kPinned)));
}

TEST_P(ServingWishesTest, ApprovedVersionsComeWithTheirWish) {
  make_approved("1.0.0");
  const Version newest = make_approved("2.0.0");
  make_approved("3.0.0-rc.1");
  set(newest, ServingWish::kUnloaded);
  const auto approved = read_approved(*database_, store_, wishes_);
  ASSERT_TRUE(approved) << approved.error().message;
  ASSERT_EQ(approved->versions.size(), 3U);
  EXPECT_EQ(approved->versions[0].version.id, newest.id);
  EXPECT_EQ(approved->versions[0].wish, ServingWish::kUnloaded);
  EXPECT_EQ(approved->versions[1].wish, ServingWish::kServed);
  EXPECT_EQ(approved->versions[2].version.semver.to_string(), "3.0.0-rc.1");
}

TEST_P(ServingWishesTest, FindsApprovedVersionsByName) {
  make_approved("1.0.0");
  make_approved("1.1.0");
  make_draft("2.0.0");
  EXPECT_EQ(found(""), "1.1.0 1.0.0 ");
  EXPECT_EQ(found("1.0.0"), "1.0.0 ");
  EXPECT_EQ(found("2"), "1.1.0 ");
  EXPECT_EQ(found("2.0.0"), "version.not_approved");
  EXPECT_EQ(found("9.0.0"), "version.not_found");
  EXPECT_EQ(found("champion"), "alias.not_found");
}

INSTANTIATE_TEST_SUITE_P(Databases, ServingWishesTest, every_database(), database_name);

}  // namespace
}  // namespace slipway
