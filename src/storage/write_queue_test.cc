#include "storage/write_queue.h"

#include <atomic>
#include <gmock/gmock.h>
#include <thread>

namespace slipway {
namespace {

const ConnectionBody kNothing = [](Connection&) { return Status(); };

// Runs one write as a driver would; the sizes of the groups that this thread led go to `groups`.
void write(WriteQueue& queue, WriteQueue::Write& own, std::vector<std::size_t>& groups) {
  if (!queue.enter(own)) return;
  while (WriteQueue::Write* next = queue.next())
    next->status = fail(Code::kAborted, "test.ran", next == &own ? "own" : "other");
  groups.push_back(queue.group().size());
  queue.leave(std::chrono::microseconds(100));
}

TEST(WriteQueue, RunsEveryWriteOnceInGroupsOfLimitedSize) {
  constexpr int kThreads = 16;
  constexpr int kWrites = 2'000;
  WriteQueue queue;
  std::atomic<int> ran{0};
  std::vector<std::vector<std::size_t>> groups(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < kWrites; ++n) {
        WriteQueue::Write own(kNothing);
        write(queue, own, groups[static_cast<std::size_t>(i)]);
        if (!own.status) ++ran;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran, kThreads * kWrites);
  std::size_t grouped = 0;
  for (const auto& sizes : groups) {
    for (const std::size_t size : sizes) {
      EXPECT_GE(size, 1U);
      EXPECT_LE(size, WriteQueue::kGroupMax);
      grouped += size;
    }
  }
  EXPECT_EQ(grouped, kThreads * kWrites);
}

TEST(WriteQueue, NoMoreThanTheLimitJoinAGroupAndTheNextInLineLeadsTheRest) {
  WriteQueue queue;
  WriteQueue::Write first(kNothing);
  ASSERT_TRUE(queue.enter(first));
  std::vector<std::vector<std::size_t>> groups(WriteQueue::kGroupMax + 5);
  std::atomic<std::size_t> begun{0};
  std::vector<std::thread> threads;
  for (auto& led : groups) {
    threads.emplace_back([&] {
      ++begun;
      WriteQueue::Write own(kNothing);
      write(queue, own, led);
    });
  }
  while (begun < groups.size()) std::this_thread::yield();
  while (queue.next() != nullptr) {
  }
  EXPECT_LE(queue.group().size(), WriteQueue::kGroupMax);
  const std::size_t in_first = queue.group().size();
  queue.leave({});
  for (std::thread& thread : threads) thread.join();
  std::size_t rest = 0;
  for (const auto& led : groups) {
    for (const std::size_t size : led) rest += size;
  }
  EXPECT_EQ(in_first + rest, groups.size() + 1);
}

TEST(WriteQueue, AWriterThatIsAloneWaitsForNobody) {
  WriteQueue queue;
  const Monotonic begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 2'000; ++i) {
    WriteQueue::Write own(kNothing);
    ASSERT_TRUE(queue.enter(own));
    ASSERT_EQ(queue.next(), &own);
    ASSERT_EQ(queue.next(), nullptr);
    queue.leave(std::chrono::seconds(1));  // however long commits take
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(2)) << "2 ms each, if it waited";
}

}  // namespace
}  // namespace slipway
