#include "serving/runner_pool.h"

#include <atomic>
#include <filesystem>
#include <future>
#include <gtest/gtest.h>

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

TEST(RunnerPool, StartsItsThreadsWithTheFirstJob) {
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
  };
  const auto before = threads();
  RunnerPool pool(2, 2);
  EXPECT_EQ(threads(), before);
  std::promise<void> ran;
  ASSERT_TRUE(pool.try_submit([&] { ran.set_value(); }));
  ran.get_future().wait();
  EXPECT_EQ(threads(), before + 2);
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

TEST(RunnerPool, TellsWhetherARunOutlivesItsPool) {
  std::promise<void> started;
  std::promise<void> release;
  auto pool = std::make_shared<RunnerPool>(1, 1);
  const auto owned = std::make_shared<std::shared_ptr<RunnerPool>>(pool);
  ASSERT_TRUE(pool->try_submit([&started, gate = release.get_future().share(), owned] {
    owned->reset();
    started.set_value();
    gate.wait();
  }));
  pool.reset();
  started.get_future().wait();
  EXPECT_FALSE(RunnerPool::wait_until_none(std::chrono::milliseconds(1)));
  release.set_value();
  EXPECT_TRUE(RunnerPool::wait_until_none(std::chrono::seconds(10)));
}

}  // namespace
}  // namespace slipway
