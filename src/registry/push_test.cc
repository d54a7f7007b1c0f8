#include "registry/push.h"

#include <atomic>
#include <thread>

#include "base/bytes.h"
#include "registry/garbage.h"
#include "registry/memory_object_store.h"
#include "registry/registry_test_case.h"

namespace slipway {
namespace {

class PushTest : public RegistryTestCase {
 protected:
  PushRequest request(std::string_view content, std::optional<std::string> semver = "1.0.0") {
    EXPECT_TRUE(bundles_.put_blob(as_bytes(content), sha256(content)));
    PushRequest push;
    push.model = "iris";
    if (semver) push.semver = *SemVer::parse(*semver);
    push.manifest = bundle_of(content);
    push.author = "ana";
    return push;
  }
  Result<PushOutcome> push(const PushRequest& request) {
    const ModelChecker checker = [this](const Manifest&, const Digest&) -> Result<CheckOutcome> {
      ++checks_;
      return checked_;
    };
    return Push(*database_, bundles_, store_, clock_, checker).run(request);
  }
  std::size_t version_count() {
    const auto page = read([&](Transaction& t) { return store_.versions(t, "iris", std::nullopt, {}); });
    return page ? page->items.size() : 0;
  }

  MemoryObjectStore objects_{clock_};
  BundleStore bundles_{objects_};
  Result<CheckOutcome> checked_ = CheckOutcome{true, "{\"inputs\":[]}", "", ""};
  int checks_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Databases, PushTest, every_database(), database_name);

TEST_P(PushTest, MakesACandidateInOneGo) {
  const auto outcome = push(request("a"));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->is_new);
  EXPECT_EQ(outcome->version.state, VersionState::kCandidate);
  EXPECT_EQ(outcome->version.number, 1);
  EXPECT_EQ(outcome->version.probe_report, "{\"inputs\":[]}");
  EXPECT_EQ(*bundles_.manifest(outcome->version.digest), bundle_of("a"));
  EXPECT_EQ(read([&](Transaction& t) { return store_.model(t, "iris"); })->created_by, "ana");
}

TEST_P(PushTest, RefusedModelLeavesNothing) {
  checked_ = fail(Code::kInvalidArgument, "model.pickle", "the file is a pickle");
  EXPECT_EQ(push(request("a")).error().reason, "model.pickle");
  EXPECT_EQ(read([&](Transaction& t) { return store_.model(t, "iris"); }).error().reason, "model.not_found");
  clock_.advance(std::chrono::hours{25});
  ASSERT_TRUE(collect_garbage(*database_, objects_, clock_, std::chrono::hours{24}));
  EXPECT_TRUE(objects_.objects.empty());
}

TEST_P(PushTest, FailedTestsMakeADraftThatKeepsTheirReport) {
  checked_ = CheckOutcome{false, "{}", "{\"passed\":false}", ""};
  const auto outcome = push(request("a"));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->version.state, VersionState::kDraft);
  EXPECT_EQ(outcome->version.test_report, "{\"passed\":false}");
  checked_ = CheckOutcome{true, "{}", "{\"passed\":true}", ""};
  const auto again = push(request("b"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->version.state, VersionState::kCandidate);
  EXPECT_EQ(version_count(), 1U);
}

TEST_P(PushTest, NeedsEveryFileBeforeItChecks) {
  PushRequest incomplete = request("a");
  objects_.objects.clear();
  const auto outcome = push(incomplete);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason, "bundle.incomplete");
  EXPECT_EQ(outcome.error().details.at(0).field, "model.onnx");
  EXPECT_EQ(checks_, 0);
  EXPECT_EQ(version_count(), 0U);
}

TEST_P(PushTest, SamePushAgainGivesTheSameCandidate) {
  const auto first = push(request("a"));
  const auto second = push(request("a"));
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_FALSE(second->is_new);
  EXPECT_EQ(second->version.id, first->version.id);
  EXPECT_EQ(checks_, 1);
}

TEST_P(PushTest, TakenNameIsRefusedBeforeTheChecks) {
  ASSERT_TRUE(push(request("a")));
  EXPECT_EQ(push(request("b")).error().reason, "version.taken");
  PushRequest other = request("a");
  other.author = "ben";
  EXPECT_EQ(push(other).error().reason, "version.taken");
  EXPECT_EQ(checks_, 1);
  PushRequest bad = request("a");
  bad.model = "a/iris";
  EXPECT_EQ(push(bad).error().reason, "model.invalid_name");
}

TEST_P(PushTest, CountsOnWhereNoVersionIsNamed) {
  EXPECT_EQ(push(request("a", std::nullopt))->version.semver.to_string(), "1.0.0");
  EXPECT_EQ(push(request("b", std::nullopt))->version.semver.to_string(), "1.1.0");
  ASSERT_TRUE(push(request("c", "3.0.0-rc.1")));
  EXPECT_EQ(push(request("d", std::nullopt))->version.semver.to_string(), "3.1.0");
}

TEST_P(PushTest, OneOfManyPushesAtOnceWins) {
  std::vector<PushRequest> requests;
  for (const char* const content : {"a", "b", "c", "d"}) requests.push_back(request(content));
  for (const PushRequest& each : requests) ASSERT_TRUE(bundles_.put_manifest(each.manifest));
  std::atomic<int> won = 0;
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  const ModelChecker checker = [](const Manifest&, const Digest&) -> Result<CheckOutcome> { return CheckOutcome{}; };
  for (const PushRequest& each : requests) {
    threads.emplace_back([&] {
      const auto outcome = Push(*database_, bundles_, store_, clock_, checker).run(each);
      if (outcome) ++won;
      if (!outcome && outcome.error().reason == "version.taken") ++taken;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(taken, 3);
  EXPECT_EQ(version_count(), 1U);
}

TEST_P(PushTest, SamePushAtTheSameTimeGivesEverybodyTheSameCandidate) {
  const PushRequest same = request("a");
  ASSERT_TRUE(bundles_.put_manifest(same.manifest));
  std::atomic<int> checking = 0;
  const ModelChecker together = [&](const Manifest&, const Digest&) -> Result<CheckOutcome> {
    ++checking;
    while (checking < 3) std::this_thread::yield();  // none creates the version before all have looked for it
    return CheckOutcome{};
  };
  std::vector<Result<PushOutcome>> outcomes(3, fail(Code::kUnknown, "", ""));
  std::vector<std::thread> threads;
  for (auto& outcome : outcomes) {
    threads.emplace_back([&] { outcome = Push(*database_, bundles_, store_, clock_, together).run(same); });
  }
  for (std::thread& thread : threads) thread.join();
  int created = 0;
  for (const auto& outcome : outcomes) {
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->version.id, outcomes[0]->version.id);
    created += outcome->is_new ? 1 : 0;
  }
  EXPECT_EQ(created, 1);
  EXPECT_EQ(version_count(), 1U);
}

}  // namespace
}  // namespace slipway
