// Requests that are answered later, their leases, and dead letters, on every database.
#include "async/lease.h"
#include "async/replay.h"
#include "base/id.h"
#include "registry/memory_object_store.h"
#include "registry/registry_test_case.h"

namespace slipway {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

bool may_all(std::string_view) { return true; }

class AsyncTest : public RegistryTestCase {
 protected:
  AsyncSubmission submission(const std::string& model = "iris", std::string key = "") {
    AsyncSubmission made;
    made.id = Id::make(clock_).to_string();
    made.principal = "ann";
    made.idempotency_key = std::move(key);
    made.fingerprint = sha256("question");
    made.target = {model, "1.0.0", sha256("bundle")};
    made.request.headers = "slipway-unit:u1\n";
    made.request.body = {1, 2, 3};
    return made;
  }
  Result<AsyncRequest> try_add(const AsyncSubmission& made) {
    return write([&](Transaction& t) { return async_.add(t, made); });
  }
  std::string add(const std::string& model = "iris") {
    const auto added = try_add(submission(model));
    EXPECT_TRUE(added) << added.error().message;
    return added->id;
  }
  AsyncRequest find(const std::string& id) {
    const auto found = read([&](Transaction& t) { return async_.find(t, id); });
    EXPECT_TRUE(found) << found.error().message;
    return *found;
  }
  AsyncTaken take(std::size_t count = 10) {
    auto taken = in_write(*database_, [&](Transaction& t) { return take_due(t, clock_.now(), limits_, count); });
    EXPECT_TRUE(taken) << taken.error().message;
    return *std::move(taken);
  }
  AsyncLease take_one() {
    AsyncTaken taken = take(1);
    EXPECT_EQ(taken.leases.size(), 1U);
    return taken.leases.at(0);
  }
  bool end(const AsyncLease& lease, AsyncState state, seconds retry_in = seconds(0)) {
    const bool is_success = state == AsyncState::kSucceeded;
    const AsyncAttempt attempt{.number = lease.fence,
                               .version = lease.request.target.version,
                               .started_at = lease.started_at,
                               .ended_at = clock_.now(),
                               .code = is_success ? Code::kOk : Code::kInternal,
                               .reason = is_success ? "" : "run.failed",
                               .message = is_success ? "" : "it threw",
                               .record = "record"};
    const std::optional<StoredPayload> answer =
        is_success ? std::optional(StoredPayload{"", {4, 5}, ""}) : std::nullopt;
    const auto settled = in_write(*database_, [&](Transaction& t) {
      return settle(t, lease, attempt, {state, clock_.now() + retry_in}, answer);
    });
    EXPECT_TRUE(settled) << settled.error().message;
    return *settled;
  }
  std::string bury(const std::string& model = "iris") {
    std::string id = add(model);
    EXPECT_TRUE(end(take_one(), AsyncState::kDead));
    return id;
  }
  void approve_version(const std::string& model, const std::string& semver) {
    NewVersion version = new_version(semver, model + semver);
    version.model = model;
    const auto made = write([&](Transaction& t) -> Result<Version> {
      SLIPWAY_CHECK(store_.set_approvals_required_by_default(t, 1, "settings"));
      if (!store_.model(t, model)) SLIPWAY_CHECK(store_.create_model(t, model, "", "ana"));
      return store_.create_version(t, version);
    });
    ASSERT_TRUE(made) << made.error().message;
    const auto approved = write([&](Transaction& t) -> Result<ApprovalOutcome> {
      SLIPWAY_CHECK(store_.make_candidate(t, model, version.semver, "ana"));
      return store_.approve(t, {model, version.semver, version.digest, "bob", ""});
    });
    ASSERT_TRUE(approved) << approved.error().message;
  }
  Result<ReplayReport> replay_as(ReplayWish wish) {
    wish.principal = "olga";
    if (!wish.may) wish.may = &may_all;
    return replay(*database_, store_, wish, clock_);
  }
  static ReplayWish wish(std::vector<std::string> ids, std::string_view version = "2.0.0") {
    ReplayWish made;
    made.ids = std::move(ids);
    made.version = *SemVer::parse(version);
    return made;
  }
  std::vector<std::string> dead(const MayModel& may = &may_all) {
    const auto page = read([&](Transaction& t) { return DeadLetters().list(t, "", may, {}); });
    EXPECT_TRUE(page) << page.error().message;
    std::vector<std::string> ids;
    for (const AsyncRequest& letter : page->items) ids.push_back(letter.id);
    return ids;
  }

  AsyncStore async_{clock_};
  AsyncLimits limits_{.attempts_max = 3, .backoff = {}, .lease = seconds(10)};
};

INSTANTIATE_TEST_SUITE_P(Databases, AsyncTest, every_database(), database_name);

TEST_P(AsyncTest, KeepsWhatItWasGiven) {
  const AsyncSubmission made = submission();
  ASSERT_TRUE(try_add(made));
  const AsyncRequest found = find(made.id);
  EXPECT_EQ(found.principal, "ann");
  EXPECT_EQ(found.target.version, "1.0.0");
  EXPECT_EQ(found.target.bundle, sha256("bundle"));
  EXPECT_EQ(found.state, AsyncState::kQueued);
  EXPECT_FALSE(found.last);
  const AsyncLease lease = take_one();
  EXPECT_EQ(lease.payload.headers, "slipway-unit:u1\n");
  EXPECT_EQ(lease.payload.body, (SqlBlob{1, 2, 3}));
  EXPECT_EQ(find(made.id).state, AsyncState::kRunning);
}

TEST_P(AsyncTest, TheSameKeyOfTheSamePrincipalIsTheSameRequest) {
  const AsyncSubmission first = submission("iris", "k1");
  ASSERT_TRUE(try_add(first));
  const auto again = try_add(submission("iris", "k1"));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, first.id);
  AsyncSubmission other_question = submission("iris", "k1");
  other_question.fingerprint = sha256("another question");
  EXPECT_EQ(try_add(other_question).error().reason, "async.key_reused");
  AsyncSubmission of_another = submission("iris", "k1");
  of_another.principal = "bob";
  EXPECT_EQ(try_add(of_another)->id, of_another.id);
  EXPECT_EQ(try_add(submission("iris", "two words")).error().reason, "async.invalid_key");
}

TEST_P(AsyncTest, CountsWhatWaits) {
  for (int i = 0; i < 3; ++i) add();
  end(take_one(), AsyncState::kDead);
  EXPECT_EQ(*read([&](Transaction& t) { return async_.waiting(t, 10); }), 2);
  EXPECT_EQ(*read([&](Transaction& t) { return async_.waiting(t, 1); }), 1);
  take_one();
  const auto counts = read([&](Transaction& t) { return async_.counts(t); });
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->queued, 1);
  EXPECT_EQ(counts->running, 1);
  EXPECT_EQ(counts->dead, 1);
  EXPECT_TRUE(counts->oldest);
}

TEST_P(AsyncTest, WhatIsHeldIsNotTakenAgainUntilItsLeaseEnds) {
  const std::string id = add();
  const AsyncLease lost = take_one();
  EXPECT_TRUE(take().leases.empty());
  EXPECT_FALSE(*read([&](Transaction& t) { return has_due(t, clock_.now()); }));
  clock_.advance(seconds(10));
  EXPECT_TRUE(*read([&](Transaction& t) { return has_due(t, clock_.now()); }));
  const AsyncTaken again = take();
  ASSERT_EQ(again.leases.size(), 1U);
  EXPECT_EQ(again.interrupted, 1);
  EXPECT_EQ(again.leases[0].request.attempts, 2);
  EXPECT_EQ(find(id).last->reason, "async.interrupted");
  EXPECT_FALSE(end(lost, AsyncState::kSucceeded));  // it was slow, not dead, and comes too late
  EXPECT_EQ(find(id).state, AsyncState::kRunning);
  EXPECT_TRUE(end(again.leases[0], AsyncState::kSucceeded));
  EXPECT_FALSE(end(again.leases[0], AsyncState::kSucceeded));
  EXPECT_FALSE(end(lost, AsyncState::kDead));
  EXPECT_EQ(find(id).state, AsyncState::kSucceeded);
  EXPECT_EQ(read([&](Transaction& t) { return async_.attempts(t, id); })->size(), 2U);
}

TEST_P(AsyncTest, ALeaseIsProlonged) {
  const std::string id = add();
  const AsyncLease lease = take_one();
  clock_.advance(seconds(9));
  ASSERT_TRUE(database_->write([&](Transaction& t) { return prolong(t, {&lease, 1}, clock_.now() + seconds(10)); }));
  clock_.advance(seconds(9));
  EXPECT_TRUE(take().leases.empty());
  EXPECT_TRUE(end(lease, AsyncState::kSucceeded));
}

TEST_P(AsyncTest, WhatIsGivenBackHasLostNoAttempt) {
  const std::string id = add();
  const AsyncLease lease = take_one();
  ASSERT_TRUE(database_->write([&](Transaction& t) { return give_back(t, lease, clock_.now()); }));
  EXPECT_EQ(find(id).attempts, 0);
  EXPECT_FALSE(end(lease, AsyncState::kSucceeded));
  EXPECT_EQ(take_one().request.attempts, 1);
}

TEST_P(AsyncTest, WhatKillsServersBecomesADeadLetter) {
  const std::string id = add();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(take().leases.size(), 1U);
    clock_.advance(seconds(10));
  }
  const AsyncTaken last = take();
  EXPECT_TRUE(last.leases.empty());
  EXPECT_EQ(last.dead, std::vector{id});
  EXPECT_EQ(dead(), std::vector{id});
  EXPECT_EQ(find(id).last->reason, "async.interrupted");
}

TEST_P(AsyncTest, AFailureWaitsForItsNextRun) {
  const std::string id = add();
  EXPECT_TRUE(end(take_one(), AsyncState::kQueued, seconds(5)));
  EXPECT_TRUE(take().leases.empty());
  EXPECT_EQ(find(id).last->message, "it threw");
  clock_.advance(seconds(5));
  EXPECT_EQ(take_one().request.attempts, 2);
}

TEST_P(AsyncTest, AnAnswerIsForgottenWithItsRequest) {
  const std::string id = add();
  end(take_one(), AsyncState::kSucceeded);
  const auto answer = read([&](Transaction& t) { return read_payload(t, id, kAnswerPayload); });
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, (SqlBlob{4, 5}));
  const auto forget = [&](WallTime before) {
    return write([&](Transaction& t) { return async_.forget(t, AsyncState::kSucceeded, before, 10); });
  };
  EXPECT_TRUE(forget(clock_.now())->empty());
  clock_.advance(seconds(1));
  EXPECT_EQ(forget(clock_.now())->size(), 2U);
  EXPECT_EQ(read([&](Transaction& t) { return async_.find(t, id); }).error().reason, "async.not_found");
  EXPECT_FALSE(read([&](Transaction& t) { return read_payload(t, id, kAnswerPayload); }));
}

TEST_P(AsyncTest, LargeBytesLieInTheObjectStore) {
  MemoryObjectStore objects(clock_);
  const PayloadStore payloads(objects, 4);
  const AsyncMessage large{{{"content-type", "application/json"}}, "12345"};
  const auto stored = payloads.put("one", large);
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->object_key, "async/one");
  AsyncSubmission made = submission();
  made.request = *stored;
  ASSERT_TRUE(try_add(made));
  const AsyncLease lease = take_one();
  const auto back = payloads.get(lease.payload);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->body, large.body);
  EXPECT_EQ(back->headers, large.headers);

  ASSERT_TRUE(payloads.put("orphan", large));
  EXPECT_EQ(*payloads.sweep(*database_, WallTime::max()), 1);
  EXPECT_TRUE(objects.stat("async/one"));
  EXPECT_EQ(payloads.put("small", {{}, "1234"})->object_key, "");
}

TEST_P(AsyncTest, DeadLettersAreListedByPageAndModel) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(bury(i % 2 == 0 ? "iris" : "census"));
  add();
  std::reverse(ids.begin(), ids.end());
  EXPECT_EQ(dead(), ids);
  const MayModel only_census = [](std::string_view model) { return model == "census"; };
  EXPECT_EQ(dead(only_census), (std::vector{ids[1], ids[3]}));

  const auto first = read([&](Transaction& t) { return DeadLetters().list(t, "iris", &may_all, {2, ""}); });
  ASSERT_TRUE(first);
  ASSERT_EQ(first->items.size(), 2U);
  EXPECT_EQ(first->items[1].id, ids[2]);
  const auto second = read([&](Transaction& t) {
    return DeadLetters().list(t, "iris", &may_all, {2, first->next_token});
  });
  ASSERT_TRUE(second);
  ASSERT_EQ(second->items.size(), 1U);
  EXPECT_EQ(second->items[0].id, ids[4]);
  EXPECT_EQ(second->next_token, "");
  EXPECT_EQ(read([&](Transaction& t) { return DeadLetters().find(t, ids[0], only_census); }).error().reason,
            "deadletter.not_found");
}

TEST_P(AsyncTest, AReplayRunsOnTheNamedVersion) {
  approve_version("iris", "2.0.0");
  const std::string id = bury();
  const auto report = replay_as(wish({id}));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->replayed, 1);
  EXPECT_TRUE(dead().empty());
  const AsyncLease lease = take_one();
  EXPECT_EQ(lease.request.target.version, "2.0.0");
  EXPECT_EQ(lease.request.target.bundle, bundle_digest(bundle_of("iris2.0.0")));
  EXPECT_EQ(lease.request.attempts, 1);
  EXPECT_EQ(lease.request.replays, 1);
  EXPECT_EQ(replay_as(wish({id}))->skipped, 1);
  EXPECT_TRUE(end(lease, AsyncState::kSucceeded));
  EXPECT_EQ(replay_as(wish({id}))->skipped, 1);
  EXPECT_TRUE(take().leases.empty());
  EXPECT_EQ(find(id).last->version, "2.0.0");
  EXPECT_TRUE(read([&](Transaction& t) { return DeadLetters().find(t, id, &may_all); }));
}

TEST_P(AsyncTest, ALetterThatFailsAgainIsALetterAgain) {
  approve_version("iris", "2.0.0");
  const std::string id = bury();
  ASSERT_TRUE(replay_as(wish({id})));
  EXPECT_TRUE(end(take_one(), AsyncState::kDead));
  EXPECT_EQ(dead(), std::vector{id});
  EXPECT_EQ(find(id).replays, 1);
}

TEST_P(AsyncTest, AReplayNeedsAnApprovedVersion) {
  approve_version("iris", "2.0.0");
  const std::string id = bury();
  const std::string other = bury("census");
  const auto report = replay_as(wish({}, "2.0.0"));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->replayed, 1);
  EXPECT_EQ(report->refused, 1);
  EXPECT_EQ(report->refusals.at(0).id, other);
  EXPECT_EQ(dead(), std::vector{other});
  ReplayWish of_model = wish({}, "3.0.0");
  of_model.model = "iris";
  EXPECT_EQ(replay_as(of_model).error().reason, "version.not_found");
  EXPECT_EQ(replay_as(wish({"01a21005-946a-71af-a72b-b5eda96f97d6"}))->refusals.at(0).error.reason,
            "deadletter.not_found");
}

TEST_P(AsyncTest, AReplayOfManyGoesOverEveryBatch) {
  approve_version("iris", "2.0.0");
  ASSERT_TRUE(database_->write([&](Transaction& t) -> Status {
    for (int i = 0; i < 450; ++i) SLIPWAY_CHECK(async_.add(t, submission()));
    return {};
  }));
  while (true) {
    const AsyncTaken taken = take(100);
    if (taken.leases.empty()) break;
    for (const AsyncLease& lease : taken.leases) end(lease, AsyncState::kDead);
  }
  EXPECT_EQ(replay_as(wish({}))->replayed, 450);
  EXPECT_EQ(replay_as(wish({}))->replayed, 0);
  EXPECT_EQ(read([&](Transaction& t) { return async_.counts(t); })->queued, 450);
}

TEST_P(AsyncTest, AReplayKeepsItsRateAlsoAfterAPause) {
  approve_version("iris", "2.0.0");
  for (int i = 0; i < 50; ++i) bury();
  ReplayWish slow = wish({});
  slow.rate_per_second = 20;
  ASSERT_EQ(replay_as(slow)->replayed, 50);
  EXPECT_EQ(take(50).leases.size(), 1U);
  EXPECT_TRUE(take(50).leases.empty());
  clock_.advance(milliseconds(50));
  EXPECT_EQ(take(50).leases.size(), 1U);
  clock_.advance(seconds(5));  // nobody was there
  EXPECT_EQ(take(50).leases.size(), 5U);
  EXPECT_TRUE(take(50).leases.empty());
}

TEST_P(AsyncTest, ADroppedLetterIsGone) {
  const std::string id = bury();
  const auto drop = [&](const std::string& which) {
    return write([&](Transaction& t) { return DeadLetters().drop(t, which, &may_all); });
  };
  EXPECT_TRUE(drop(id));
  EXPECT_EQ(drop(id).error().reason, "deadletter.not_found");
  approve_version("iris", "2.0.0");
  const std::string replayed = bury();
  ASSERT_TRUE(replay_as(wish({replayed})));
  EXPECT_EQ(drop(replayed).error().reason, "deadletter.not_dead");
}

}  // namespace
}  // namespace slipway
