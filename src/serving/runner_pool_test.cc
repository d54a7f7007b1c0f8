#include "serving/runner_pool.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "serving/execution_test_case.h"

namespace slipway {
namespace {

using testing::HeldModel;
using testing::LoopExecutor;
using testing::Request;
using testing::row;
using testing::serve;

std::ptrdiff_t threads() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

TEST(RunnerPool, StartsItsThreadsWithTheFirstRequest) {
  const auto model = std::make_shared<HeldModel>();
  DeadlineTimer deadlines;
  Engine engine(deadlines);
  LoopExecutor loop;
  const auto before = threads();
  const auto version = serve(model, {.is_inline = false, .threads = 2});
  EXPECT_EQ(threads(), before);
  Request request(row(1));
  request.start(engine, loop, version);
  EXPECT_EQ(threads(), before + 2);
  EXPECT_TRUE(loop.run_until([&] { return request.is_answered(); }));
}

// A version that is retired while its last run goes on, answered long ago, is freed by that run.
TEST(RunnerPool, IsFreedByItsOwnRunAndTellsThatItGoesOn) {
  const auto model = std::make_shared<HeldModel>();
  DeadlineTimer deadlines;
  Engine engine(deadlines);
  LoopExecutor loop;
  auto version = serve(std::make_shared<HeldModel>(), {.is_inline = false});
  const std::weak_ptr<const ServedVersion> retired = version;
  const auto held = std::static_pointer_cast<const HeldModel>(version->runtime);
  const_cast<HeldModel&>(*held).hold();
  auto request = std::make_unique<Request>(row(1));
  request->start(engine, loop, version);
  held->await_runs(1);
  version.reset();
  EXPECT_FALSE(RunnerPool::wait_until_none(std::chrono::milliseconds(1)));
  EXPECT_FALSE(retired.expired());
  const_cast<HeldModel&>(*held).release();
  ASSERT_TRUE(loop.run_until([&] { return request->is_answered(); }));
  request.reset();
  EXPECT_TRUE(RunnerPool::wait_until_none(std::chrono::seconds(10)));
  EXPECT_TRUE(retired.expired());
}

}  // namespace
}  // namespace slipway
