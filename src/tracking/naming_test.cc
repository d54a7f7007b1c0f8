#include "tracking/naming.h"

#include <gmock/gmock.h>
#include <set>
#include <thread>

namespace slipway {
namespace {

TEST(MakeNumber, IncreasesAlsoWhileTheClockStands) {
  const ManualClock clock(WallTime{std::chrono::hours{24 * 20000}});
  SeededRandom random(1);
  std::int64_t last = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::int64_t number = make_number(clock, random);
    ASSERT_GT(number, last);
    last = number;
  }
}

TEST(MakeNumber, ThreadsNeverAgree) {
  std::vector<std::vector<std::int64_t>> made(4);
  std::vector<std::thread> threads;
  for (auto& numbers : made) {
    threads.emplace_back([&numbers] {
      for (int i = 0; i < 5'000; ++i) numbers.push_back(make_number(system_clock(), system_random()));
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::int64_t> all;
  for (const auto& numbers : made) all.insert(numbers.begin(), numbers.end());
  EXPECT_EQ(all.size(), 20'000U);
}

TEST(MakeRunName, IsShortAndOfThreeParts) {
  SeededRandom random(7);
  std::set<std::string> names;
  for (int i = 0; i < 1'000; ++i) {
    const std::string name = make_run_name(random);
    ASSERT_THAT(name, testing::MatchesRegex("[a-z]+-[a-z]+-[0-9]+"));
    ASSERT_LE(name.size(), 24U);
    names.insert(name);
  }
  EXPECT_GT(names.size(), 990U);
}

TEST(MakeHexId, HasNoDashes) {
  EXPECT_THAT(make_hex_id(system_clock(), system_random()), testing::MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(make_hex_id(system_clock(), system_random()).size(), 32U);
}

TEST(ArtifactUri, StandsBeforeAQuery) {
  EXPECT_EQ(artifact_uri("mlflow-artifacts:/0", {"r", "artifacts"}), "mlflow-artifacts:/0/r/artifacts");
  EXPECT_EQ(artifact_uri("s3://b/p//", {"r"}), "s3://b/p/r");
  EXPECT_EQ(artifact_uri("s3://b/p?region=x", {"r"}), "s3://b/p/r?region=x");
  EXPECT_EQ(artifact_uri("/p#f", {"r"}), "/p/r#f");
}

}  // namespace
}  // namespace slipway
