#include "app/load_pool.h"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace slipway {
namespace {

int nice_in(LoadPool::Priority priority) {
  std::promise<int> nice;
  LoadPool pool(1, priority);
  EXPECT_TRUE(
      pool.try_submit([&] { nice.set_value(getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)))); }));
  return nice.get_future().get();
}

TEST(LoadPool, StandsBackForRequests) {
  const int mine = getpriority(PRIO_PROCESS, 0);
  EXPECT_EQ(nice_in(LoadPool::Priority::kNormal), mine);
  EXPECT_EQ(nice_in(LoadPool::Priority::kLow), std::max(mine, 10));
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), mine);
}

TEST(LoadPool, LoadsSeveralAtOnce) {
  LoadPool pool(2, LoadPool::Priority::kNormal);
  std::promise<void> first;
  std::promise<void> second;
  auto both = std::make_shared<std::pair<std::shared_future<void>, std::shared_future<void>>>(
      first.get_future().share(), second.get_future().share());
  std::promise<void> done;
  ASSERT_TRUE(pool.try_submit([&, both] {
    first.set_value();
    both->second.wait();
    done.set_value();
  }));
  ASSERT_TRUE(pool.try_submit([&, both] {
    both->first.wait();
    second.set_value();
  }));
  EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(LoadPool, FinishesWhatItLoadsAndDropsTheRest) {
  std::atomic<int> loaded = 0;
  std::promise<void> started;
  std::promise<void> release;
  std::thread releaser;
  {
    LoadPool pool(1, LoadPool::Priority::kNormal);
    ASSERT_TRUE(pool.try_submit([&] {
      started.set_value();
      release.get_future().wait();
      ++loaded;
    }));
    started.get_future().wait();
    ASSERT_TRUE(pool.try_submit([&] { ++loaded; }));
    releaser = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // so that the pool is ending by then
      release.set_value();
    });
  }
  releaser.join();
  EXPECT_EQ(loaded, 1);
}

}  // namespace
}  // namespace slipway
