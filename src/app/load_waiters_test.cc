#include "app/load_waiters.h"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using std::chrono::seconds;

const Monotonic kStart{};

struct Called {
  int calls = 0;
  Status status;
  LoadWaiters::Done done() {
    return [this](Status given) {
      ++calls;
      status = std::move(given);
    };
  }
};

void call(const LoadWaiters::Answers& answers) {
  for (const auto& [done, status] : answers) done(status);
}

TEST(LoadWaiters, AnswersAllWhoWaitForAVersion) {
  LoadWaiters waiters;
  Called first;
  Called second;
  Called other;
  ASSERT_TRUE(waiters.add("a", kStart + seconds(1), first.done()));
  ASSERT_TRUE(waiters.add("a", kStart + seconds(2), second.done()));
  ASSERT_TRUE(waiters.add("b", kStart + seconds(3), other.done()));
  LoadWaiters::Answers answers;
  waiters.answer("a", {}, answers);
  waiters.answer("absent", {}, answers);
  call(answers);
  EXPECT_EQ(first.calls, 1);
  EXPECT_TRUE(second.status);
  EXPECT_EQ(second.calls, 1);
  EXPECT_EQ(other.calls, 0);
  EXPECT_FALSE(waiters.is_asked_for("a"));
  EXPECT_TRUE(waiters.is_asked_for("b"));
}

// Else a slow load would be given up with its first caller, and begun again with the next one.
TEST(LoadWaiters, GoOnAskingWhenTheirTimeIsOver) {
  LoadWaiters waiters;
  Called hasty;
  Called patient;
  ASSERT_TRUE(waiters.add("a", kStart + seconds(1), hasty.done()));
  ASSERT_TRUE(waiters.add("a", kStart + seconds(5), patient.done()));
  EXPECT_EQ(waiters.next_deadline(), kStart + seconds(1));
  LoadWaiters::Answers answers;
  waiters.expire(kStart + seconds(1), answers);
  call(answers);
  EXPECT_EQ(hasty.calls, 1);
  EXPECT_EQ(hasty.status.error().reason, "serving.loading");
  EXPECT_EQ(patient.calls, 0);
  EXPECT_EQ(waiters.next_deadline(), kStart + seconds(5));
  answers.clear();
  waiters.expire(kStart + seconds(5), answers);
  EXPECT_TRUE(waiters.is_asked_for("a"));
  EXPECT_EQ(waiters.next_deadline(), std::nullopt);
}

TEST(LoadWaiters, RefusesMoreThanItsLimit) {
  LoadWaiters waiters;
  for (std::size_t i = 0; i < LoadWaiters::kWaitingMax; ++i) {
    ASSERT_TRUE(waiters.add("a", kStart + seconds(1), [](const Status&) {}));
  }
  EXPECT_FALSE(waiters.add("b", kStart + seconds(1), [](const Status&) {}));
  LoadWaiters::Answers answers;
  waiters.expire(kStart + seconds(1), answers);
  EXPECT_EQ(answers.size(), LoadWaiters::kWaitingMax);
  EXPECT_TRUE(waiters.add("b", kStart + seconds(1), [](const Status&) {}));
}

TEST(LoadWaiters, AnswerWhenTheirVersionIsGone) {
  LoadWaiters waiters;
  Called gone;
  ASSERT_TRUE(waiters.add("a", kStart + seconds(1), gone.done()));
  waiters.ask("b");
  LoadWaiters::Answers answers;
  waiters.keep_only({"b"}, answers);
  call(answers);
  EXPECT_EQ(gone.status.error().code, Code::kNotFound);
  EXPECT_TRUE(waiters.is_asked_for("b"));
}

}  // namespace
}  // namespace slipway
