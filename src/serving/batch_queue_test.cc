#include "serving/batch_queue.h"

#include <gtest/gtest.h>
#include <string>

namespace slipway {
namespace {

using Queue = BatchQueue<std::string>;

const BatchShape kWide = {1, 64};
const BatchShape kNarrow = {1, 8};

std::shared_ptr<std::string> job(std::string name) { return std::make_shared<std::string>(std::move(name)); }

std::string text(const std::vector<std::shared_ptr<std::string>>& jobs) {
  std::string names;
  for (const auto& each : jobs) names += (names.empty() ? "" : " ") + *each;
  return names;
}

// One at a time.
std::string drain(Queue& queue) {
  std::string names;
  while (!queue.is_empty()) names += (names.empty() ? "" : " ") + text(queue.take(1));
  return names;
}

TEST(BatchQueue, GivesTheMostImportantFirstAndThenByArrival) {
  Queue queue(10, {});
  queue.push(job("low"), {.level = 3});
  queue.push(job("first"), {.level = 2});
  queue.push(job("second"), {.level = 2});
  queue.push(job("high"), {.level = 1});
  queue.push(job("lowest"), {.level = 1ULL << 60});
  EXPECT_EQ(drain(queue), "high first second low lowest");
}

TEST(BatchQueue, LetsCallersTakeTurns) {
  Queue queue(20, {});
  for (const char* name : {"a1", "a2", "a3", "a4"}) queue.push(job(name), {.caller = 1});
  for (const char* name : {"b1", "b2"}) queue.push(job(name), {.caller = 2});
  EXPECT_EQ(text(queue.take(1)), "a1");
  queue.push(job("c1"), {.caller = 3});
  EXPECT_EQ(drain(queue), "b1 c1 a2 b2 a3 a4");
}

TEST(BatchQueue, GivesNobodyCreditForNotHavingAsked) {
  Queue queue(20, {});
  for (const char* name : {"a1", "a2", "a3"}) queue.push(job(name), {.caller = 1});
  queue.take(1);
  queue.take(1);
  for (const char* name : {"b1", "b2", "b3"}) queue.push(job(name), {.caller = 2});
  EXPECT_EQ(drain(queue), "b1 a3 b2 b3");
}

TEST(BatchQueue, TakesAllThatShareTheRunOfTheFirst) {
  Queue queue(20, {});
  queue.push(job("w1"), {.rows = 2, .shape = &kWide});
  queue.push(job("n1"), {.shape = &kNarrow});
  queue.push(job("w2"), {.rows = 3, .shape = &kWide});
  queue.push(job("w4"), {.rows = 4, .shape = &kWide});
  queue.push(job("w1too"), {.rows = 1, .shape = &kWide});
  EXPECT_EQ(queue.rows_with_first(), 10U);
  EXPECT_EQ(text(queue.take(6)), "w1 w2 w1too") << "four more rows would be too many";
  EXPECT_EQ(text(queue.take(6)), "n1");
  EXPECT_EQ(text(queue.take(2)), "w4") << "alone, since it has more rows than a batch may";
}

TEST(BatchQueue, NeverMixesWhatSharesNoRun) {
  Queue queue(20, {});
  queue.push(job("x"), {});
  queue.push(job("y"), {});
  queue.push(job("w"), {.shape = &kWide});
  EXPECT_EQ(queue.rows_with_first(), 1U);
  EXPECT_EQ(text(queue.take(8)), "x");
  EXPECT_EQ(text(queue.take(8)), "y");
  EXPECT_EQ(text(queue.take(8)), "w");
}

TEST(BatchQueue, KeepsTheOrderOfArrivalWhereItMust) {
  Queue queue(20, {.is_arrival_only = true});
  queue.push(job("w1"), {.level = 3, .shape = &kWide});
  queue.push(job("w2"), {.level = 1, .shape = &kWide});
  queue.push(job("n1"), {.level = 1, .shape = &kNarrow});
  queue.push(job("w3"), {.level = 1, .shape = &kWide});
  EXPECT_EQ(queue.rows_with_first(), 2U);
  EXPECT_EQ(text(queue.take(8)), "w1 w2");
  EXPECT_EQ(text(queue.take(8)), "n1");
  EXPECT_EQ(text(queue.take(8)), "w3");
}

TEST(BatchQueue, FullRefusesTheNewestOfEquals) {
  Queue queue(2, {});
  EXPECT_EQ(queue.push(job("a"), {}), nullptr);
  EXPECT_EQ(queue.push(job("b"), {}), nullptr);
  const auto refused = queue.push(job("c"), {});
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(*refused, "c");
  EXPECT_EQ(drain(queue), "a b");
}

TEST(BatchQueue, FullGivesUpTheLeastImportant) {
  Queue queue(2, {});
  queue.push(job("low"), {.level = 3});
  queue.push(job("middle"), {.level = 2});
  EXPECT_EQ(*queue.push(job("high"), {.level = 1}), "low");
  EXPECT_EQ(*queue.push(job("low again"), {.level = 3}), "low again");
  EXPECT_EQ(drain(queue), "high middle");
}

TEST(BatchQueue, FullGivesUpTheLastOfTheCallerWithTheLongestBacklog) {
  Queue queue(3, {});
  for (const char* name : {"a1", "a2", "a3"}) queue.push(job(name), {.caller = 1});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(*queue.push(job("more"), {.caller = 1}), "more");
  EXPECT_EQ(*queue.push(job("b1"), {.caller = 2}), "a3");
  EXPECT_EQ(*queue.push(job("b2"), {.caller = 2}), "b2") << "a2 came before";
  EXPECT_EQ(drain(queue), "a1 b1 a2");
}

TEST(BatchQueue, ForgetsWhatIsRemoved) {
  Queue queue(2, {});
  const auto gone = job("gone");
  queue.push(gone, {});
  queue.push(job("stays"), {});
  EXPECT_TRUE(queue.remove(gone.get()));
  EXPECT_FALSE(queue.remove(gone.get()));
  EXPECT_EQ(queue.push(job("new"), {}), nullptr);
  EXPECT_EQ(drain(queue), "stays new");
}

}  // namespace
}  // namespace slipway
