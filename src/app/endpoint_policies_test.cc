#include "app/endpoint_policies.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

class EndpointPoliciesTest : public testing::Test {
 protected:
  void update(std::vector<std::pair<std::int64_t, std::string>> revisions) {
    std::vector<PolicyRevision> newest;
    for (auto& [revision, text] : revisions) {
      newest.push_back({.endpoint = "iris", .revision = revision, .text = text, .author = "ana", .created_at = {}});
    }
    policies_.update(newest, Monotonic{});
  }

  metrics::Registry registry_;
  PolicyMetrics metrics_{registry_};
  EndpointPolicies policies_{metrics_};
};

TEST_F(EndpointPoliciesTest, KeepsWhatAnEndpointRemembersUntilItsPolicyChanges) {
  update({{1, "timeout: 1s"}});
  const auto first = policies_.state("iris");
  ASSERT_NE(first, nullptr);
  update({{1, "timeout: 1s"}});
  EXPECT_EQ(policies_.state("iris"), first);
  update({{2, "timeout: 2s"}});
  EXPECT_NE(policies_.state("iris"), first);
  EXPECT_EQ(policies_.state("iris")->policy().timeout, std::chrono::seconds(2));
  update({});
  EXPECT_EQ(policies_.state("iris"), nullptr);
}

TEST_F(EndpointPoliciesTest, LeavesInForceWhatWasWhenATextCannotBeRead) {
  update({{1, "timeout: 1s"}});
  const auto first = policies_.state("iris");
  update({{2, "ofTomorrow: 1"}});
  EXPECT_EQ(policies_.state("iris"), first);
}

TEST_F(EndpointPoliciesTest, BatchingAloneNeedsNoState) {
  update({{1, "batch: {rowsMax: 4}"}});
  EXPECT_EQ(policies_.state("iris"), nullptr);
  EXPECT_EQ(policies_.batch("iris").rows_max, 4U);
  EXPECT_EQ(policies_.batch("rose"), BatchPolicy());
}

TEST_F(EndpointPoliciesTest, ChecksWhatCanBeBound) {
  EXPECT_TRUE(EndpointPolicies::check("iris", "timeout: 1s", {}, false));
  EXPECT_EQ(EndpointPolicies::check("iris", "timeout: x", {}, false).error().reason, "policy.bad_value");
  EXPECT_EQ(EndpointPolicies::check("iris", "fallback: [{endpoint: iris}]", {}, false).error().reason, "policy.cycle");
  constexpr std::string_view kInRedis = "cache: {backend: redis, ttl: 1m}";
  EXPECT_EQ(EndpointPolicies::check("iris", kInRedis, {}, false).error().reason, "policy.no_redis");
  EXPECT_TRUE(EndpointPolicies::check("iris", kInRedis, {}, true));
}

}  // namespace
}  // namespace slipway
