#include "app/endpoint_policies.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

// Allows one host.
class OneRemote final : public Remotes {
 public:
  Status check(const RemoteTarget& target) const override {
    if (target.url == "http://allowed:8000") return {};
    return fail(Code::kFailedPrecondition, "remote.not_allowed", target.url);
  }
  std::shared_ptr<const RemoteEndpoint> open(const RemoteTarget&) const override { return nullptr; }
  Result<RemoteMetadata> describe(const RemoteTarget&, Monotonic) const override { return RemoteMetadata(); }
  std::shared_ptr<const RemoteWatch> watch(const RemoteTarget&, const Digest&, Monotonic) const override {
    return nullptr;
  }
};

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
  const OneRemote remotes;
  const auto reason_of = [&](std::string_view text) {
    const Status status = EndpointPolicies::check("iris", text, {}, remotes);
    return status ? "" : status.error().reason;
  };
  EXPECT_EQ(reason_of("timeout: 1s"), "");
  EXPECT_EQ(reason_of("timeout: x"), "policy.bad_value");
  EXPECT_EQ(reason_of("fallback: [{endpoint: iris}]"), "policy.cycle");
  EXPECT_EQ(reason_of("fallback: [{remote: {url: 'http://allowed:8000', model: iris}}]"), "");
  EXPECT_EQ(reason_of("fallback: [{remote: {url: 'http://other:8000', model: iris}}]"), "remote.not_allowed");
}

}  // namespace
}  // namespace slipway
