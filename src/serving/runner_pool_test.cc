#include "serving/runner_pool.h"

#include <atomic>
#include <future>
#include <gtest/gtest.h>

#include "serving/deadline_timer.h"

namespace slipway {
namespace {

TEST(RunnerPool, RefusesWhenItsQueueIsFullAndRunsWhatItAccepted) {
  std::promise<void> started;
  std::promise<void> release;
  std::atomic<int> ran = 0;
  {
    RunnerPool pool(1, 2);
    auto gate = release.get_future().share();
    ASSERT_TRUE(pool.try_submit([&] {
      started.set_value();
      gate.wait();
      ++ran;
    }));
    started.get_future().wait();
    EXPECT_TRUE(pool.try_submit([&] { ++ran; }));
    EXPECT_TRUE(pool.try_submit([&] { ++ran; }));
    EXPECT_FALSE(pool.try_submit([&] { ++ran; }));
    EXPECT_EQ(pool.waiting(), 2U);
    release.set_value();
  }
  EXPECT_EQ(ran, 3);
}

// A version that is retired while its last run goes on is freed by that run.
TEST(RunnerPool, IsFreedByItsOwnJob) {
  std::promise<void> retired;
  const auto freed = std::make_shared<std::promise<void>>();
  auto pool = std::make_shared<RunnerPool>(2, 4);
  const auto owned = std::make_shared<std::shared_ptr<RunnerPool>>(pool);
  ASSERT_TRUE(pool->try_submit([gate = retired.get_future().share(), freed, owned] {
    gate.wait();
    owned->reset();
    freed->set_value();
  }));
  pool.reset();
  auto done = freed->get_future();
  retired.set_value();
  EXPECT_EQ(done.wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(DeadlineTimer, ExpiresInOrderOfTimeWhateverTheOrderOfScheduling) {
  DeadlineTimer timer;
  std::promise<void> done;
  std::vector<int> order;
  const auto now = std::chrono::steady_clock::now();
  timer.schedule(now + std::chrono::milliseconds(30), [&] {
    order.push_back(2);
    done.set_value();
  });
  timer.schedule(now + std::chrono::milliseconds(10), [&] { order.push_back(1); });
  done.get_future().wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(DeadlineTimer, DropsWhatIsStillAheadWhenItEnds) {
  bool has_expired = false;
  {
    DeadlineTimer timer;
    timer.schedule(std::chrono::steady_clock::now() + std::chrono::hours(1), [&] { has_expired = true; });
  }
  EXPECT_FALSE(has_expired);
}

}  // namespace
}  // namespace slipway
