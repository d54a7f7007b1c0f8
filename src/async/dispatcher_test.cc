// Dispatchers over every database, with runs that the test ends itself.
#include "async/dispatcher.h"

#include <algorithm>
#include <set>

#include "base/id.h"
#include "registry/memory_object_store.h"
#include "registry/transact.h"
#include "storage/testing/database_test_case.h"

namespace slipway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Monotonic in(milliseconds time) { return std::chrono::steady_clock::now() + time; }

// Runs that have begun.
class Runs {
 public:
  AsyncRun begin() {
    return [this](AsyncJob job, AsyncDone done) {
      const std::lock_guard lock(mutex_);
      begun_.push_back(job.request.id);
      if (answers_) {
        done(*answers_);
      } else {
        waiting_.push_back(std::move(done));
      }
    };
  }
  // Each run ends with this as soon as it begins.
  void answer_at_once(AsyncOutcome outcome) { answers_ = std::move(outcome); }
  void end_all(const AsyncOutcome& outcome) {
    std::vector<AsyncDone> ended;
    {
      const std::lock_guard lock(mutex_);
      ended.swap(waiting_);
    }
    for (const AsyncDone& done : ended) done(outcome);
  }
  std::vector<std::string> begun() const {
    const std::lock_guard lock(mutex_);
    return begun_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<AsyncOutcome> answers_;
  std::vector<std::string> begun_;
  std::vector<AsyncDone> waiting_;
};

AsyncOutcome good() { return {AsyncMessage{{{"content-type", "application/json"}}, "{}"}, "record"}; }
AsyncOutcome bad(Code code) { return {fail(code, "some.reason", "it went wrong"), "record"}; }

class DispatcherTest : public DatabaseTestCase {
 protected:
  void SetUp() override {
    DatabaseTestCase::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) database_ = open();
    options_.limits = {.attempts_max = 3, .backoff = {milliseconds(1), milliseconds(1)}, .lease = milliseconds(400)};
    options_.poll_interval = milliseconds(20);
  }
  void TearDown() override {
    database_.reset();
    DatabaseTestCase::TearDown();
  }

  std::string add() {
    AsyncSubmission made;
    made.id = Id::make().to_string();
    made.principal = "ann";
    made.target = {"iris", "1.0.0", sha256("bundle")};
    made.request.body = {1};
    const Status added = database_->write([&](Transaction& t) -> Status {
      SLIPWAY_CHECK(AsyncStore().add(t, made));
      return {};
    });
    EXPECT_TRUE(added) << added.error().message;
    return made.id;
  }
  AsyncRequest find(const std::string& id) {
    const auto found = in_read(*database_, [&](Transaction& t) { return AsyncStore().find(t, id); });
    EXPECT_TRUE(found) << found.error().message;
    return *found;
  }
  bool becomes(const std::string& id, AsyncState state) {
    return holds([&] { return find(id).state == state; });
  }
  static bool holds(const std::function<bool()>& condition) {
    const Monotonic end = in(seconds(20));
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return true;
  }
  std::unique_ptr<Dispatcher> start(Runs& runs) {
    auto started = std::make_unique<Dispatcher>(*database_, PayloadStore(objects_), options_, runs.begin(), registry_);
    started->start();
    return started;
  }

  std::unique_ptr<Database> database_;
  MemoryObjectStore objects_{system_clock()};
  metrics::Registry registry_;
  DispatcherOptions options_;
};

INSTANTIATE_TEST_SUITE_P(Databases, DispatcherTest, every_database(), database_name);

TEST_P(DispatcherTest, AnAnswerIsKept) {
  Runs runs;
  runs.answer_at_once(good());
  const auto dispatcher = start(runs);
  const std::string id = add();
  dispatcher->notify();
  ASSERT_TRUE(becomes(id, AsyncState::kSucceeded));
  const auto answer = in_read(*database_, [&](Transaction& t) { return read_payload(t, id, kAnswerPayload); });
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->headers, "content-type:application/json\n");
  EXPECT_EQ(find(id).last->record, "record");
}

TEST_P(DispatcherTest, WhatMayPassIsTriedUntilItIsDead) {
  Runs runs;
  runs.answer_at_once(bad(Code::kUnavailable));
  const std::string id = add();
  const auto dispatcher = start(runs);
  ASSERT_TRUE(becomes(id, AsyncState::kDead));
  EXPECT_EQ(runs.begun(), std::vector<std::string>(3, id));
}

TEST_P(DispatcherTest, WhatFailsForGoodIsNotTriedAgain) {
  Runs runs;
  runs.answer_at_once(bad(Code::kInternal));
  const std::string id = add();
  const auto dispatcher = start(runs);
  ASSERT_TRUE(becomes(id, AsyncState::kDead));
  EXPECT_EQ(runs.begun().size(), 1U);
  EXPECT_EQ(find(id).last->message, "it went wrong");
}

TEST_P(DispatcherTest, RunsNoMoreAtOnceThanItMay) {
  options_.concurrency = 2;
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(add());
  Runs runs;
  const auto dispatcher = start(runs);
  ASSERT_TRUE(holds([&] { return runs.begun().size() == 2; }));
  std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(runs.begun().size(), 2U);
  while (runs.begun().size() < ids.size()) runs.end_all(good());
  runs.end_all(good());
  for (const std::string& id : ids) EXPECT_TRUE(becomes(id, AsyncState::kSucceeded));
}

TEST_P(DispatcherTest, ARunThatTakesLongerThanTheLeaseStaysItsOwn) {
  const std::string id = add();
  Runs first;
  const auto holder = start(first);
  ASSERT_TRUE(holds([&] { return first.begun().size() == 1; }));
  Runs second;
  const auto other = start(second);
  std::this_thread::sleep_for(3 * options_.limits.lease);
  EXPECT_TRUE(second.begun().empty());
  first.end_all(good());
  EXPECT_TRUE(becomes(id, AsyncState::kSucceeded));
  EXPECT_EQ(find(id).attempts, 1);
}

TEST_P(DispatcherTest, WhatStillRunsAtTheEndIsGivenBack) {
  const std::string id = add();
  Runs first;
  const auto stopped = start(first);
  ASSERT_TRUE(holds([&] { return first.begun().size() == 1; }));
  stopped->stop(in(milliseconds(50)));
  EXPECT_EQ(find(id).state, AsyncState::kQueued);
  EXPECT_EQ(find(id).attempts, 0);
  first.end_all(good());  // too late
  Runs second;
  second.answer_at_once(bad(Code::kInternal));
  const auto next = start(second);
  EXPECT_TRUE(becomes(id, AsyncState::kDead));
}

TEST_P(DispatcherTest, AStopWaitsForWhatEndsInTime) {
  const std::string id = add();
  Runs runs;
  const auto dispatcher = start(runs);
  ASSERT_TRUE(holds([&] { return runs.begun().size() == 1; }));
  std::thread ending([&] {
    std::this_thread::sleep_for(milliseconds(50));
    runs.end_all(good());
  });
  dispatcher->stop(in(seconds(20)));
  ending.join();
  EXPECT_EQ(find(id).state, AsyncState::kSucceeded);
}

TEST_P(DispatcherTest, SeveralShareTheQueue) {
  std::set<std::string> ids;
  for (int i = 0; i < 60; ++i) ids.insert(add());
  Runs runs;
  runs.answer_at_once(good());
  std::vector<std::unique_ptr<Dispatcher>> dispatchers;
  for (int i = 0; i < 3; ++i) dispatchers.push_back(start(runs));
  for (const std::string& id : ids) ASSERT_TRUE(becomes(id, AsyncState::kSucceeded));
  EXPECT_EQ(runs.begun().size(), ids.size());
}

TEST_P(DispatcherTest, OldAnswersAreForgottenAndLettersAreNot) {
  Runs runs;
  runs.answer_at_once(good());
  const std::string old = add();
  {
    const auto dispatcher = start(runs);
    ASSERT_TRUE(becomes(old, AsyncState::kSucceeded));
  }
  Runs failing;
  failing.answer_at_once(bad(Code::kInternal));
  options_.answers_kept = std::chrono::minutes(0);
  const std::string letter = add();
  const auto dispatcher = start(failing);
  ASSERT_TRUE(becomes(letter, AsyncState::kDead));
  EXPECT_TRUE(holds(
      [&] { return !in_read(*database_, [&](Transaction& t) { return AsyncStore().find(t, old); }).has_value(); }));
}

}  // namespace
}  // namespace slipway
