#include "protocol/admin/gate.h"

#include <gtest/gtest.h>

#include "access/key.h"

namespace slipway {
namespace {

constexpr WallTime kNow{std::chrono::microseconds(1'800'000'000'000'000)};

TEST(Gate, ReadsTheHeadersAndFollowsThePublishedKeys) {
  SeededRandom random(1);
  const ApiKey key = make_key(random);
  LiveKey live;
  live.id = *parse_key_id(key.id);
  live.digest = key.digest;
  live.principal = std::make_shared<const Principal>(Principal{"1", "ann", {{Role::kPredictor, "iris"}}});
  live.last_used = std::make_shared<LastUsed>(0);
  SnapshotCell<AccessSnapshot> keys(std::make_shared<const AccessSnapshot>(std::vector<LiveKey>{live}));
  const ManualClock clock(kNow);
  const Gate gate = make_gate({}, keys, clock);

  HttpRequest request;
  EXPECT_EQ(gate(request, Permission::kPredict, "iris").error().reason, "access.missing_key");
  const std::string bearer = "Bearer " + std::string(key.text.reveal());
  request.headers = {{"authorization", bearer}};
  ASSERT_TRUE(gate(request, Permission::kPredict, "iris"));
  EXPECT_EQ((*gate(request, Permission::kPredict, "iris"))->name, "ann");
  EXPECT_EQ(gate(request, Permission::kPredict, "other").error().reason, "access.forbidden");
  request.headers = {{"x-api-key", key.text.reveal()}};
  EXPECT_TRUE(gate(request, Permission::kPredict, "iris"));

  keys.publish(std::make_shared<const AccessSnapshot>(std::vector<LiveKey>{}));
  EXPECT_EQ(gate(request, Permission::kPredict, "iris").error().reason, "access.unknown_key");
}

TEST(Gate, TellsWhomItTurnedAwayAndWhy) {
  SeededRandom random(1);
  const ApiKey key = make_key(random);
  LiveKey live;
  live.id = *parse_key_id(key.id);
  live.digest = key.digest;
  live.principal = std::make_shared<const Principal>(Principal{"1", "ann", {{Role::kPredictor, "iris"}}});
  live.last_used = std::make_shared<LastUsed>(0);
  const SnapshotCell<AccessSnapshot> keys(std::make_shared<const AccessSnapshot>(std::vector<LiveKey>{live}));
  const ManualClock clock(kNow);
  std::vector<std::string> seen;
  const Gate gate = make_gate({}, keys, clock, [&](const TurnedAway& turned_away) {
    seen.push_back(std::string(turned_away.principal) + ' ' + turned_away.error.reason + ' ' +
                   std::string(turned_away.model));
  });
  HttpRequest request;
  EXPECT_FALSE(gate(request, Permission::kPredict, "iris"));
  const std::string bearer = "Bearer " + std::string(key.text.reveal());
  request.headers = {{"authorization", bearer}};
  EXPECT_TRUE(gate(request, Permission::kPredict, "iris"));
  EXPECT_FALSE(gate(request, Permission::kPredict, "other"));
  EXPECT_EQ(seen, (std::vector<std::string>{" access.missing_key iris", "1 access.forbidden other"}));
}

TEST(Gate, WithAuthOffTakesTheClaimedName) {
  const SnapshotCell<AccessSnapshot> keys(std::make_shared<const AccessSnapshot>(std::vector<LiveKey>{}));
  const Gate gate = make_gate({.is_auth_on = false, .may_claim_principal = true}, keys);
  HttpRequest request;
  request.headers = {{"host", "localhost:8080"}};
  EXPECT_EQ((*gate(request, Permission::kApprove, "iris"))->id, "anonymous");
  request.headers = {{"host", "localhost:8080"}, {"slipway-principal", "carol"}};
  EXPECT_EQ((*gate(request, Permission::kApprove, "iris"))->id, "carol");
}

TEST(Gate, WithAuthOffRefusesWebPages) {
  const SnapshotCell<AccessSnapshot> keys(std::make_shared<const AccessSnapshot>(std::vector<LiveKey>{}));
  const Gate open = make_gate({.is_auth_on = false, .may_claim_principal = true}, keys);
  HttpRequest request;
  request.headers = {{"host", "evil.example:8080"}};
  EXPECT_EQ(open(request, Permission::kPublic, "").error().reason, "access.foreign_host");
  request.headers = {{"host", "localhost:8080"}, {"origin", "https://evil.example"}};
  EXPECT_EQ(open(request, Permission::kApprove, "iris").error().reason, "access.foreign_origin");
  const Gate guarded = make_gate({}, keys);  // a key is proof enough: no page has one
  EXPECT_EQ(guarded(request, Permission::kApprove, "iris").error().reason, "access.missing_key");
}

}  // namespace
}  // namespace slipway
