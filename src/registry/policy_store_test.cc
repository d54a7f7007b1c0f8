#include "registry/policy_store.h"

#include <gmock/gmock.h>

#include "registry/registry_test_case.h"

namespace slipway {
namespace {

class PolicyStoreTest : public RegistryTestCase {
 protected:
  Result<PolicyRevision> put(std::string_view endpoint, std::string_view text,
                             std::optional<std::int64_t> expected = std::nullopt) {
    return write([&](Transaction& t) { return policies_.put(t, endpoint, text, "ana", expected); });
  }

  PolicyStore policies_{clock_};
};

TEST_P(PolicyStoreTest, KeepsEveryRevision) {
  EXPECT_EQ(put("iris", "timeout: 1s")->revision, 1);
  EXPECT_EQ(put("iris", "timeout: 2s")->revision, 2);
  EXPECT_EQ(put("iris", "timeout: 2s")->revision, 2);  // says nothing new
  const auto newest = read([&](Transaction& t) { return policies_.newest(t, "iris"); });
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->text, "timeout: 2s");
  EXPECT_EQ(newest->author, "ana");
  EXPECT_EQ(read([&](Transaction& t) { return policies_.get(t, "iris", 1); })->text, "timeout: 1s");
  const auto absent = read([&](Transaction& t) { return policies_.get(t, "iris", 3); });
  EXPECT_EQ(absent.error().reason, "policy.not_found");
}

TEST_P(PolicyStoreTest, RefusesWhatSomebodyElseHasChanged) {
  ASSERT_TRUE(put("iris", "timeout: 1s", 0));
  EXPECT_EQ(put("iris", "timeout: 2s", 0).error().reason, "policy.changed");
  ASSERT_TRUE(put("iris", "timeout: 2s", 1));
  EXPECT_EQ(put("iris", "", 1).error().reason, "policy.changed");
}

TEST_P(PolicyStoreTest, ListsTheNewestOfEachEndpointThatHasOne) {
  ASSERT_TRUE(put("iris", "timeout: 1s"));
  ASSERT_TRUE(put("iris", "timeout: 2s"));
  ASSERT_TRUE(put("fraud", "retry: {}"));
  ASSERT_TRUE(put("old", "retry: {}"));
  ASSERT_TRUE(put("old", ""));
  EXPECT_EQ(put("never", "").error().reason, "policy.not_found");
  const auto all = read([&](Transaction& t) { return policies_.all(t); });
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].endpoint, "fraud");
  EXPECT_EQ((*all)[1].text, "timeout: 2s");
}

TEST_P(PolicyStoreTest, PagesThroughTheHistoryNewestFirst) {
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(put("iris", "timeout: " + std::to_string(i) + "s"));
  std::vector<std::int64_t> seen;
  PageRequest request{.limit = 2, .token = ""};
  do {
    const auto page = read([&](Transaction& t) { return policies_.history(t, "iris", request); });
    ASSERT_TRUE(page);
    for (const PolicyRevision& revision : page->items) seen.push_back(revision.revision);
    request.token = page->next_token;
  } while (!request.token.empty());
  EXPECT_THAT(seen, testing::ElementsAre(5, 4, 3, 2, 1));
  request.token = "elsewhere";
  EXPECT_FALSE(read([&](Transaction& t) { return policies_.history(t, "iris", request); }));
}

INSTANTIATE_TEST_SUITE_P(Databases, PolicyStoreTest, every_database(), database_name);

}  // namespace
}  // namespace slipway
