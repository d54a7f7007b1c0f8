#include "base/task.h"

#include <condition_variable>
#include <deque>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace slipway {
namespace {

Task<int> seven() { co_return 7; }
Task<int> sum_of(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) sum += co_await seven();
  co_return sum;
}

TEST(Task, IsLazyUntilStarted) {
  bool has_run = false;
  const auto body = [&]() -> Task<int> {
    has_run = true;
    co_return 1;
  };
  Task<int> task = body();
  EXPECT_FALSE(has_run);
  int result = 0;
  start(std::move(task), [&](int value) { result = value; });
  EXPECT_TRUE(has_run);
  EXPECT_EQ(result, 1);
}

TEST(Task, AwaitsManyWithoutGrowingTheStack) {
  int result = 0;
  start(sum_of(10'000), [&](int value) { result = value; });
  EXPECT_EQ(result, 70'000);
}

TEST(Task, CarriesValuesThatOnlyMove) {
  const auto body = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
  std::unique_ptr<int> result;
  start(body(), [&](std::unique_ptr<int> value) { result = std::move(value); });
  ASSERT_NE(result, nullptr);
  EXPECT_EQ(*result, 3);
}

TEST(Task, DroppedUnstartedFreesWhatItHolds) {
  auto held = std::make_shared<int>(1);
  const auto body = [](std::shared_ptr<int> kept) -> Task<int> { co_return *kept; };
  {
    const Task<int> task = body(held);
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

// One thread that resumes what is posted to it.
class Loop final : public Executor {
 public:
  Loop() : thread_([this] { run(); }) {}
  ~Loop() override {
    {
      std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  void post(std::coroutine_handle<> handle) override {
    {
      std::lock_guard lock(mutex_);
      handles_.push_back(handle);
    }
    changed_.notify_one();
  }
  std::thread::id id() const { return thread_.get_id(); }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return is_ending_ || !handles_.empty(); });
      if (handles_.empty()) return;
      const auto handle = handles_.front();
      handles_.pop_front();
      lock.unlock();
      handle.resume();
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::coroutine_handle<>> handles_;
  bool is_ending_ = false;
  std::thread thread_;
};

TEST(Callback, ResumesOnTheExecutorWithTheValue) {
  Loop loop;
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<std::thread::id> resumed_on;
  int result = 0;
  std::thread answering;
  const auto body = [&]() -> Task<int> {
    const int value = co_await callback_on<int>(loop, [&](auto resume) {
      std::thread& place = answering;  // the coroutine may be gone, and this closure with it, once the thread runs
      place = std::thread([resume]() mutable { resume(5); });
    });
    std::lock_guard lock(mutex);
    resumed_on = std::this_thread::get_id();
    changed.notify_one();
    co_return value;
  };
  start(body(), [&](int value) {
    std::lock_guard lock(mutex);
    result = value;
    changed.notify_one();
  });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return result != 0; });
  }
  answering.join();
  EXPECT_EQ(result, 5);
  EXPECT_EQ(resumed_on, loop.id());
}

TEST(Callback, MayAnswerBeforeBeginReturns) {
  Loop loop;
  std::mutex mutex;
  std::condition_variable changed;
  int result = 0;
  const auto body = [&]() -> Task<int> { co_return co_await callback_on<int>(loop, [](auto resume) { resume(6); }); };
  start(body(), [&](int value) {
    std::lock_guard lock(mutex);
    result = value;
    changed.notify_one();
  });
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return result != 0; });
  EXPECT_EQ(result, 6);
}

}  // namespace
}  // namespace slipway
