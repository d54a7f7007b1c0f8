#include "base/bounded_queue.h"

#include <atomic>
#include <gtest/gtest.h>
#include <memory>
#include <numeric>
#include <thread>

namespace slipway {
namespace {

TEST(BoundedQueue, IsFirstInFirstOut) {
  BoundedQueue<int> queue(3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.try_push(int(i)));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.pop(), i);
}

TEST(BoundedQueue, FullQueueRefusesAndLeavesTheItem) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.try_push(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(queue.try_push(std::move(second)));
  ASSERT_NE(second, nullptr);  // NOLINT: untouched when refused
  EXPECT_EQ(queue.size(), 1U);
  queue.pop();
  EXPECT_TRUE(queue.try_push(std::move(second)));
}

TEST(BoundedQueue, ClosedQueueGivesWhatItHoldsAndThenNothing) {
  BoundedQueue<int> queue(2);
  ASSERT_TRUE(queue.try_push(1));
  queue.close();
  EXPECT_FALSE(queue.try_push(2));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, CloseWakesEveryWaiter) {
  BoundedQueue<int> queue(1);
  std::vector<std::thread> waiters;
  for (int i = 0; i < 4; ++i) waiters.emplace_back([&] { EXPECT_EQ(queue.pop(), std::nullopt); });
  queue.close();
  for (auto& waiter : waiters) waiter.join();
}

TEST(BoundedQueue, PopForGivesUp) {
  BoundedQueue<int> queue(1);
  EXPECT_EQ(queue.pop_for(std::chrono::milliseconds(1)), std::nullopt);
  ASSERT_TRUE(queue.try_push(1));
  EXPECT_EQ(queue.pop_for(std::chrono::milliseconds(1)), 1);
}

TEST(BoundedQueue, ManyThreadsLoseAndDoubleNothing) {
  constexpr std::uint64_t kEach = 20'000;
  constexpr std::uint64_t kProducers = 3;
  BoundedQueue<std::uint64_t> queue(64);
  std::atomic<std::uint64_t> sum{0};
  std::atomic<std::uint64_t> count{0};
  std::vector<std::thread> consumers;
  for (int i = 0; i < 3; ++i) {
    consumers.emplace_back([&] {
      while (const auto item = queue.pop()) {
        sum += *item;
        ++count;
      }
    });
  }
  std::vector<std::thread> producers;
  for (std::uint64_t producer = 0; producer < kProducers; ++producer) {
    producers.emplace_back([&, producer] {
      for (std::uint64_t i = 0; i < kEach; ++i) {
        std::uint64_t item = producer * kEach + i;
        while (!queue.try_push(std::move(item))) std::this_thread::yield();  // NOLINT: refused is untouched
      }
    });
  }
  for (auto& producer : producers) producer.join();
  queue.close();
  for (auto& consumer : consumers) consumer.join();
  constexpr std::uint64_t kAll = kProducers * kEach;
  EXPECT_EQ(count, kAll);
  EXPECT_EQ(sum, kAll * (kAll - 1) / 2);
}

}  // namespace
}  // namespace slipway
