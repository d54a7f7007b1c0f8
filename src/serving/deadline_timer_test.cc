#include "serving/deadline_timer.h"

#include <functional>
#include <future>
#include <gtest/gtest.h>

namespace slipway {
namespace {

using std::chrono::milliseconds;

struct Work {
  explicit Work(std::function<void()> ended) : on_expiry(std::move(ended)) {}
  void expire() const { on_expiry(); }
  std::function<void()> on_expiry;
};

std::shared_ptr<Work> work(std::function<void()> on_expiry) { return std::make_shared<Work>(std::move(on_expiry)); }

TEST(DeadlineTimer, ExpiresInOrderOfTimeWhateverTheOrderOfScheduling) {
  DeadlineTimer timer;
  std::promise<void> done;
  std::vector<int> order;
  const auto now = std::chrono::steady_clock::now();
  const auto second = work([&] {
    order.push_back(2);
    done.set_value();
  });
  const auto first = work([&] { order.push_back(1); });
  timer.schedule(now + milliseconds(30), second);
  timer.schedule(now + milliseconds(10), first);
  done.get_future().wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(DeadlineTimer, DropsWhatIsStillAheadWhenItEnds) {
  bool has_expired = false;
  const auto ahead = work([&] { has_expired = true; });
  {
    DeadlineTimer timer;
    timer.schedule(std::chrono::steady_clock::now() + std::chrono::hours(1), ahead);
  }
  EXPECT_FALSE(has_expired);
}

TEST(DeadlineTimer, ForgetsWorkThatHasEnded) {
  DeadlineTimer timer;
  const auto late = std::chrono::steady_clock::now() + std::chrono::hours(1);
  std::vector<std::shared_ptr<Work>> going_on;
  for (int i = 0; i < 100; ++i) timer.schedule(late, going_on.emplace_back(work([] {})));
  for (int i = 0; i < 10'000; ++i) timer.schedule(late, work([] {}));
  EXPECT_LE(timer.entries(), 2 * going_on.size());
  std::promise<void> done;
  const auto soon = work([&] { done.set_value(); });
  timer.schedule(std::chrono::steady_clock::now() + milliseconds(5), soon);
  EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

}  // namespace
}  // namespace slipway
