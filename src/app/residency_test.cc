#include "app/residency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Candidates = std::vector<ResidencyCandidate>;

TEST(Residency, HasEverythingWithoutLimits) {
  EXPECT_THAT(choose_resident(Candidates{{.id = "a", .bytes = 1ULL << 62}, {.id = "b", .bytes = 1ULL << 62}}, {}),
              ElementsAre("a", "b"));
}

TEST(Residency, LoadsInOrderUntilTheLimit) {
  const Candidates candidates = {{.id = "a", .bytes = 60}, {.id = "b", .bytes = 60}, {.id = "c", .bytes = 40}};
  EXPECT_THAT(choose_resident(candidates, {.bytes_max = 100}), ElementsAre("a", "c"));
}

TEST(Residency, GivesUpWhatWasUsedLongestAgo) {
  const Candidates candidates = {{.id = "old", .bytes = 50, .is_loaded = true, .last_use_unix_ms = 1},
                                 {.id = "new", .bytes = 50, .is_loaded = true, .last_use_unix_ms = 9},
                                 {.id = "asked", .bytes = 50, .is_asked_for = true}};
  EXPECT_THAT(choose_resident(candidates, {.bytes_max = 100}), ElementsAre("asked", "new"));
}

// Else two versions that take turns would throw each other out for one that nobody asks for.
TEST(Residency, NeverGivesUpALoadedOneForOneThatNobodyAskedFor) {
  const Candidates candidates = {{.id = "first", .bytes = 80},
                                 {.id = "loaded", .bytes = 50, .is_loaded = true, .last_use_unix_ms = 1}};
  EXPECT_THAT(choose_resident(candidates, {.bytes_max = 100}), ElementsAre("loaded"));
}

TEST(Residency, KeepsThePinnedWhateverTheLimit) {
  const Candidates candidates = {{.id = "asked", .bytes = 10, .is_asked_for = true},
                                 {.id = "pinned", .bytes = 200, .is_pinned = true}};
  EXPECT_THAT(choose_resident(candidates, {.bytes_max = 100}), ElementsAre("pinned"));
}

TEST(Residency, OnDemandLoadsOnlyThePinnedAndTheAskedFor) {
  const Candidates candidates = {
      {.id = "idle"}, {.id = "pinned", .is_pinned = true}, {.id = "asked", .is_asked_for = true}};
  EXPECT_THAT(choose_resident(candidates, {.loads_on_demand = true}), ElementsAre("asked", "pinned"));
  EXPECT_THAT(choose_resident(Candidates{{.id = "idle"}}, {.loads_on_demand = true}), IsEmpty());
}

}  // namespace
}  // namespace slipway
