#include "serving/execution.h"

#include <gmock/gmock.h>
#include <random>

#include "serving/execution_test_case.h"

namespace slipway {
namespace {

using ::testing::ElementsAre;
using testing::HeldModel;
using testing::load_onnx;
using testing::LoopExecutor;
using testing::Request;
using testing::row;
using testing::serve;
using ::testing::SizeIs;
using testing::Tensors;
using testing::VersionOptions;

struct ExecutionTest : ::testing::Test {
  // Starts all in one turn and waits for their answers.
  void answer(std::vector<std::unique_ptr<Request>>& requests, const std::shared_ptr<const ServedVersion>& version) {
    for (const auto& request : requests) request->start(engine, loop, version);
    ASSERT_TRUE(loop.run_until(
        [&] { return std::ranges::all_of(requests, [](const auto& request) { return request->is_answered(); }); }));
    for (const auto& request : requests) EXPECT_EQ(request->reason(), "");
  }

  DeadlineTimer deadlines;
  Engine engine{deadlines};
  LoopExecutor loop;
};

constexpr BatchPlan kEight{.rows_max = 8, .turn_rows_max = 8};

VersionOptions in_turn() { return {.is_inline = true, .plan = kEight}; }
VersionOptions on_runner(unsigned threads = 1) { return {.is_inline = false, .plan = kEight, .threads = threads}; }

// --- On the I/O thread

TEST_F(ExecutionTest, RequestsOfOneTurnShareARun) {
  const auto model = std::make_shared<HeldModel>();
  const auto version = serve(model, in_turn());
  std::vector<std::unique_ptr<Request>> requests;
  for (const float value : {1.F, 2.F, 3.F}) requests.push_back(std::make_unique<Request>(row(value)));
  answer(requests, version);
  EXPECT_THAT(model->runs(), ElementsAre(ElementsAre(1, 2, 3)));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(requests[i]->values<float>(), ElementsAre(2 * (i + 1), 2 * (i + 1)));
    EXPECT_THAT(requests[i]->execution.outputs()[0].shape, ElementsAre(1, 2));
  }
  const auto sizes = version->statistics->sizes();
  ASSERT_THAT(sizes, SizeIs(1));
  EXPECT_EQ(sizes[0].rows, 3U);
  EXPECT_EQ(sizes[0].count, 1U);
}

TEST_F(ExecutionTest, RequestsOfOneTurnAreSplitAtTheMostRowsOfARun) {
  const auto model = std::make_shared<HeldModel>();
  const auto version = serve(model, in_turn());
  std::vector<std::unique_ptr<Request>> requests;
  for (int i = 0; i < 10; ++i) requests.push_back(std::make_unique<Request>(row(static_cast<float>(i))));
  answer(requests, version);
  EXPECT_THAT(model->runs(), ElementsAre(SizeIs(8), SizeIs(2)));
  for (int i = 0; i < 10; ++i) EXPECT_THAT(requests[i]->values<float>(), ElementsAre(2 * i, 2 * i));
}

TEST_F(ExecutionTest, VersionsDoNotShareARun) {
  const auto model = std::make_shared<HeldModel>();
  const auto one = serve(model, in_turn());
  const auto other = serve(model, in_turn());
  Request first(row(1));
  Request second(row(2));
  first.start(engine, loop, one);
  second.start(engine, loop, other);
  ASSERT_TRUE(loop.run_until([&] { return first.is_answered() && second.is_answered(); }));
  EXPECT_THAT(model->runs(), ElementsAre(ElementsAre(1), ElementsAre(2)));
}

TEST_F(ExecutionTest, WhatIsWrongWithOneRequestFailsNoOther) {
  const auto model = std::make_shared<HeldModel>();
  for (const auto& options : {in_turn(), on_runner()}) {
    const auto version = serve(model, options);
    model->hold();
    Request before(row(9));  // so that on a runner the others come together
    before.start(engine, loop, version);
    if (!options.is_inline) model->await_runs(1);
    Request good(row(1));
    Request bad(row(-1));
    Request also_good(row(3));
    for (Request* request : {&good, &bad, &also_good}) request->start(engine, loop, version);
    model->release();
    ASSERT_TRUE(loop.run_until([&] { return good.is_answered() && bad.is_answered() && also_good.is_answered(); }));
    EXPECT_EQ(bad.reason(), "run.invalid_input");
    EXPECT_THAT(good.values<float>(), ElementsAre(2, 2));
    EXPECT_THAT(also_good.values<float>(), ElementsAre(6, 6));
    ASSERT_TRUE(loop.run_until([&] { return before.is_answered(); }));
  }
}

TEST_F(ExecutionTest, RequestTooLateForItsTurnIsNotRun) {
  const auto model = std::make_shared<HeldModel>();
  const auto version = serve(model, in_turn());
  Request late(row(1));
  Request timely(row(2));
  late.start(engine, loop, version, std::chrono::nanoseconds(0));
  timely.start(engine, loop, version);
  ASSERT_TRUE(loop.run_until([&] { return late.is_answered() && timely.is_answered(); }));
  EXPECT_EQ(late.reason(), "serving.deadline");
  EXPECT_THAT(timely.values<float>(), ElementsAre(4, 4));
  EXPECT_THAT(model->runs(), ElementsAre(ElementsAre(2)));
}

TEST_F(ExecutionTest, AnAnswerMayStartTheNextAttempt) {
  const auto model = std::make_shared<HeldModel>();
  const auto version = serve(model, in_turn());
  Request first(row(1));
  Request second(row(2));
  Request next(row(3));
  second.on_answer = [&] { next.start(engine, loop, version); };
  first.start(engine, loop, version);
  second.start(engine, loop, version);
  ASSERT_TRUE(loop.run_until([&] { return first.is_answered() && next.is_answered(); }));
  EXPECT_THAT(model->runs(), ElementsAre(ElementsAre(1, 2), ElementsAre(3)));
  EXPECT_THAT(first.values<float>(), ElementsAre(2, 2));
  EXPECT_THAT(next.values<float>(), ElementsAre(6, 6));
}

// --- On runners

TEST_F(ExecutionTest, RequestsThatWaitForARunnerShareItsNextRun) {
  const auto model = std::make_shared<HeldModel>();
  const auto version = serve(model, on_runner());
  model->hold();
  std::vector<std::unique_ptr<Request>> requests;
  requests.push_back(std::make_unique<Request>(row(0)));
  requests[0]->start(engine, loop, version);
  model->await_runs(1);
  for (int i = 1; i < 12; ++i) {
    requests.push_back(std::make_unique<Request>(row(static_cast<float>(i))));
    requests.back()->start(engine, loop, version);
  }
  model->release();
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(loop.run_until([&] { return requests[i]->is_answered(); }));
    EXPECT_THAT(requests[i]->values<float>(), ElementsAre(2 * i, 2 * i));
  }
  EXPECT_THAT(model->runs(), ElementsAre(SizeIs(1), SizeIs(8), SizeIs(3)));
}

TEST_F(ExecutionTest, TheMostImportantRunFirstAndCallersTakeTurns) {
  const auto model = std::make_shared<HeldModel>();
  VersionOptions options = on_runner();
  options.plan.rows_max = 1;
  const auto version = serve(model, options);
  model->hold();
  std::vector<std::unique_ptr<Request>> requests;
  const auto send = [&](float value, std::uint64_t priority, std::string caller) {
    requests.push_back(std::make_unique<Request>(row(value)));
    requests.back()->priority = priority;
    requests.back()->caller = std::move(caller);
    requests.back()->start(engine, loop, version);
  };
  send(0, 0, "a");
  model->await_runs(1);
  for (const float value : {11.F, 12.F, 13.F}) send(value, 0, "a");
  send(21, 0, "b");
  send(1, 1, "a");
  send(31, 9, "c");
  model->release();
  for (const auto& request : requests) ASSERT_TRUE(loop.run_until([&] { return request->is_answered(); }));
  EXPECT_THAT(model->runs(), ElementsAre(ElementsAre(0), ElementsAre(1), ElementsAre(11), ElementsAre(21),
                                         ElementsAre(12), ElementsAre(13), ElementsAre(31)));
}

TEST_F(ExecutionTest, RequestThatExpiresWhileItWaitsIsNeverRunAndLeavesItsPlace) {
  const auto model = std::make_shared<HeldModel>();
  VersionOptions options = on_runner();
  options.queue_max = 1;
  const auto version = serve(model, options);
  model->hold();
  Request running(row(1));
  running.start(engine, loop, version);
  model->await_runs(1);
  Request late(row(2));
  late.start(engine, loop, version, std::chrono::milliseconds(5));
  ASSERT_TRUE(loop.run_until([&] { return late.is_answered(); }));
  EXPECT_EQ(late.reason(), "serving.deadline");
  EXPECT_EQ(version->runners->waiting(), 0U);
  Request next(row(3));
  next.start(engine, loop, version);
  model->release();
  ASSERT_TRUE(loop.run_until([&] { return running.is_answered() && next.is_answered(); }));
  EXPECT_THAT(model->runs(), ElementsAre(ElementsAre(1), ElementsAre(3)));
}

TEST_F(ExecutionTest, FullQueueGivesUpTheLeastImportant) {
  const auto model = std::make_shared<HeldModel>();
  VersionOptions options = on_runner();
  options.queue_max = 1;
  const auto version = serve(model, options);
  model->hold();
  Request running(row(1));
  running.start(engine, loop, version);
  model->await_runs(1);
  Request low(row(2));
  low.priority = 3;
  low.start(engine, loop, version);
  Request as_low(row(3));
  as_low.priority = 3;
  as_low.start(engine, loop, version);
  Request high(row(4));
  high.priority = 1;
  high.start(engine, loop, version);
  ASSERT_TRUE(loop.run_until([&] { return low.is_answered() && as_low.is_answered(); }));
  EXPECT_EQ(low.reason(), "serving.queue_full");
  EXPECT_EQ(as_low.reason(), "serving.queue_full");
  model->release();
  ASSERT_TRUE(loop.run_until([&] { return high.is_answered(); }));
  EXPECT_EQ(high.reason(), "");
  ASSERT_TRUE(loop.run_until([&] { return running.is_answered(); }));
}

TEST_F(ExecutionTest, RunIsStoppedOnlyWhenNobodyWaitsForItAnyMore) {
  const auto model = std::make_shared<HeldModel>();
  const auto version = serve(model, on_runner());
  model->hold();
  Request before(row(0));
  before.start(engine, loop, version);
  model->await_runs(1);
  Request hasty(row(1));
  Request patient(row(2));
  hasty.start(engine, loop, version, std::chrono::milliseconds(200));
  patient.start(engine, loop, version);
  model->release_one();
  model->await_runs(2);  // of both, and held
  ASSERT_TRUE(loop.run_until([&] { return before.is_answered() && hasty.is_answered(); }));
  EXPECT_EQ(hasty.reason(), "serving.deadline");
  model->release_one();
  ASSERT_TRUE(loop.run_until([&] { return patient.is_answered(); }));
  EXPECT_THAT(patient.values<float>(), ElementsAre(4, 4));
  EXPECT_THAT(model->runs(), ElementsAre(ElementsAre(0), ElementsAre(1, 2)));
  EXPECT_EQ(model->terminated(), 0);

  Request alone(row(3));
  alone.start(engine, loop, version, std::chrono::milliseconds(5));
  ASSERT_TRUE(loop.run_until([&] { return alone.is_answered(); }));
  EXPECT_EQ(alone.reason(), "serving.deadline");
  Request all_late(row(4));
  all_late.start(engine, loop, version, std::chrono::milliseconds(50));
  model->await_runs(3);
  model->await_terminated(1);
  ASSERT_TRUE(loop.run_until([&] { return all_late.is_answered(); }));
}

TEST_F(ExecutionTest, NothingIsRunForACallerThatHasGone) {
  const auto model = std::make_shared<HeldModel>();
  const auto version = serve(model, on_runner());
  model->hold();
  Request running(row(1));
  running.start(engine, loop, version);
  model->await_runs(1);
  Request waiting(row(2));
  waiting.start(engine, loop, version);
  waiting.cancellation.cancel();
  EXPECT_EQ(version->runners->waiting(), 0U);
  running.cancellation.cancel();
  model->await_terminated(1);
  Request gone(row(3));
  gone.cancellation.cancel();
  gone.start(engine, loop, version);
  ASSERT_TRUE(loop.run_until([&] { return running.is_answered() && waiting.is_answered() && gone.is_answered(); }));
  for (const Request* request : {&running, &waiting, &gone}) EXPECT_EQ(request->reason(), "serving.cancelled");

  Request next(row(4));
  next.start(engine, loop, version);
  model->release();
  ASSERT_TRUE(loop.run_until([&] { return next.is_answered(); }));
  EXPECT_EQ(next.reason(), "");
  next.cancellation.cancel();  // too late, and without effect
  EXPECT_THAT(model->runs(), ElementsAre(ElementsAre(1), ElementsAre(4)));
}

TEST_F(ExecutionTest, OrderOfArrivalIsKeptByTwoRunnersWhereItMust) {
  const auto model = std::make_shared<HeldModel>();
  VersionOptions options = on_runner(2);
  options.plan.rows_max = 1;
  options.policy.preserves_order = true;
  const auto version = serve(model, options);
  std::vector<int> order;
  std::vector<std::unique_ptr<Request>> requests;
  for (int i = 0; i < 200; ++i) {
    requests.push_back(std::make_unique<Request>(row(static_cast<float>(i))));
    requests.back()->priority = static_cast<std::uint64_t>(i % 3);
    requests.back()->on_answer = [&order, i] { order.push_back(i); };
    requests.back()->start(engine, loop, version);
  }
  ASSERT_TRUE(loop.run_until([&] { return order.size() == 200; }));
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_F(ExecutionTest, RequestsFinishOnTheVersionThatTheyWaitFor) {
  const auto model = std::make_shared<HeldModel>();
  auto version = serve(model, on_runner());
  const std::weak_ptr<const ServedVersion> old = version;
  model->hold();
  Request running(row(1));
  Request waiting(row(2));
  running.start(engine, loop, version);
  waiting.start(engine, loop, version);
  version.reset();  // retired: only its requests keep it
  model->release();
  ASSERT_TRUE(loop.run_until([&] { return running.is_answered() && waiting.is_answered(); }));
  EXPECT_THAT(waiting.values<float>(), ElementsAre(4, 4));
  running.execution.clear();
  waiting.execution.clear();
  ASSERT_TRUE(RunnerPool::wait_until_none(std::chrono::seconds(10)));
  EXPECT_TRUE(old.expired());
}

TEST_F(ExecutionTest, RunnerWaitsForOthersAsLongAsThePolicySays) {
  const auto model = std::make_shared<HeldModel>();
  VersionOptions options = on_runner();
  options.policy.delay_max = std::chrono::hours(1);
  options.policy.is_adaptive = false;
  options.policy.preferred_rows = {3};
  const auto version = serve(model, options);
  std::vector<std::unique_ptr<Request>> requests;
  for (const float value : {1.F, 2.F, 3.F}) requests.push_back(std::make_unique<Request>(row(value)));
  answer(requests, version);
  EXPECT_THAT(model->runs(), ElementsAre(ElementsAre(1, 2, 3)));
}

// --- Real models: together as alone, bit for bit

std::string mlp_model() {
  using namespace testing;
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.1F);
  const auto weights = [&](std::size_t count) {
    std::string raw(count * sizeof(float), '\0');
    for (std::size_t i = 0; i < count; ++i) {
      const float value = normal(random);
      std::memcpy(raw.data() + i * sizeof(float), &value, sizeof(float));
    }
    return raw;
  };
  return model_bytes(
      {.graph = {{node("Gemm", {"x", "w1", "b1"}, {"h"}), node("Relu", {"h"}, {"r"}),
                  node("Gemm", {"r", "w2", "b2"}, {"g"}), node("Softmax", {"g"}, {"y"})},
                 {value_info("x", tensor_type(kFloat, {-1, 100}))},
                 {value_info("y", tensor_type(kFloat, {-1, 10}))},
                 {raw_tensor("w1", kFloat, {100, 60}, weights(6000)), raw_tensor("b1", kFloat, {60}, weights(60)),
                  raw_tensor("w2", kFloat, {60, 10}, weights(600)), raw_tensor("b2", kFloat, {10}, weights(10))}}});
}

struct RealModelTest : ExecutionTest, ::testing::WithParamInterface<bool> {
  static std::shared_ptr<ServedVersion> serve_model(const std::string& bytes) {
    VersionOptions options{.is_inline = GetParam(), .plan = {.rows_max = 16, .turn_rows_max = 16}};
    if (!GetParam()) {  // so that the requests come together
      options.policy.delay_max = std::chrono::milliseconds(20);
      options.policy.is_adaptive = false;
    }
    return serve(load_onnx(bytes), options);
  }
  void expect_as_alone(const std::shared_ptr<ServedVersion>& version, std::vector<std::unique_ptr<Request>>& requests) {
    answer(requests, version);
    for (const auto& request : requests) {
      RunOutputs alone;
      ASSERT_TRUE(version->runtime->run(request->inputs, request->wanted, alone));
      const auto together = request->execution.outputs();
      ASSERT_EQ(together.size(), alone.tensors().size());
      for (std::size_t i = 0; i < together.size(); ++i) {
        EXPECT_EQ(together[i].name, alone.tensors()[i].name);
        EXPECT_TRUE(std::ranges::equal(together[i].shape, alone.tensors()[i].shape));
        EXPECT_TRUE(std::ranges::equal(together[i].data, alone.tensors()[i].data));
        EXPECT_TRUE(std::ranges::equal(together[i].strings, alone.tensors()[i].strings));
      }
    }
  }
  static std::uint32_t largest_run(const ServedVersion& version) { return version.statistics->sizes().back().rows; }
};
std::string place_name(const ::testing::TestParamInfo<bool>& place) { return place.param ? "InATurn" : "OnARunner"; }
INSTANTIATE_TEST_SUITE_P(Places, RealModelTest, ::testing::Bool(), place_name);

TEST_P(RealModelTest, NumbersAreThoseOfARunAlone) {
  const auto version = serve_model(mlp_model());
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  std::vector<std::unique_ptr<Request>> requests;
  for (const std::int64_t rows : {1, 1, 3, 2, 1, 5}) {
    std::vector<float> values(static_cast<std::size_t>(rows) * 100);
    for (float& value : values) value = normal(random);
    requests.push_back(std::make_unique<Request>(Tensors().add("x", DataType::kFp32, {rows, 100}, values)));
  }
  expect_as_alone(version, requests);
  EXPECT_EQ(largest_run(*version), 13U);
}

TEST_P(RealModelTest, TextsAndEmptyTextsFindTheirRequests) {
  const auto version = serve_model(testing::identity_model(testing::kString, {-1, 2}));
  std::vector<std::unique_ptr<Request>> requests;
  for (const std::string text : {"a", "", "a longer text than fits into a small string"}) {
    requests.push_back(std::make_unique<Request>(Tensors().add_texts("x", {1, 2}, {text, text + "!"})));
  }
  expect_as_alone(version, requests);
  EXPECT_EQ(largest_run(*version), 3U);
  EXPECT_EQ(requests[2]->execution.outputs()[0].strings[1], "a longer text than fits into a small string!");
}

TEST_P(RealModelTest, MapsKeepTheirKeys) {
  const auto version = serve_model(testing::zipmap_model(true));
  std::vector<std::unique_ptr<Request>> requests;
  for (const float score : {0.1F, 0.2F, 0.3F}) {
    requests.push_back(
        std::make_unique<Request>(Tensors().add<float>("scores", DataType::kFp32, {2, 3}, {score, 1, 2, 3, 4, score})));
  }
  expect_as_alone(version, requests);
  EXPECT_EQ(largest_run(*version), 6U);
}

TEST_P(RealModelTest, ShapesAndOutputsNeverMix) {
  const auto version = serve_model(testing::identity_model(testing::kFloat, {-1, -2}));
  std::vector<std::unique_ptr<Request>> requests;
  for (const std::int64_t width : {2, 3, 2, 3, 2}) {
    const std::vector<float> values(static_cast<std::size_t>(width), static_cast<float>(requests.size()));
    requests.push_back(std::make_unique<Request>(Tensors().add("x", DataType::kFp32, {1, width}, values)));
  }
  requests.back()->wanted = {0};  // named, so not taken for the same
  expect_as_alone(version, requests);
  std::vector<std::uint32_t> runs;
  for (const auto& size : version->statistics->sizes()) runs.insert(runs.end(), size.count, size.rows);
  EXPECT_THAT(runs, ElementsAre(1, 2, 2));
}

TEST_P(RealModelTest, InputsMayComeInAnyOrder) {
  const auto version = serve_model(testing::add_sub_model({-1, 2}));
  const auto make = [](bool is_swapped, std::int32_t value) {
    const std::vector<std::int32_t> a = {value, 1};
    const std::vector<std::int32_t> b = {10, 20};
    Tensors tensors;
    if (is_swapped) tensors.add("INPUT1", DataType::kInt32, {1, 2}, b);
    tensors.add("INPUT0", DataType::kInt32, {1, 2}, a);
    if (!is_swapped) tensors.add("INPUT1", DataType::kInt32, {1, 2}, b);
    return std::make_unique<Request>(std::move(tensors));
  };
  std::vector<std::unique_ptr<Request>> requests;
  requests.push_back(make(false, 5));
  requests.push_back(make(true, 7));
  expect_as_alone(version, requests);
  EXPECT_EQ(largest_run(*version), 2U);
  EXPECT_THAT(requests[1]->values<std::int32_t>(1), ElementsAre(-3, -19));
}

TEST_P(RealModelTest, ModelsWithoutABatchAxisAndRequestsWithoutRowsRunAlone) {
  const auto fixed = serve_model(testing::add_sub_model({1, 2}));
  std::vector<std::unique_ptr<Request>> requests;
  for (const std::int32_t value : {1, 2}) {
    requests.push_back(
        std::make_unique<Request>(Tensors()
                                      .add<std::int32_t>("INPUT0", DataType::kInt32, {1, 2}, {value, value})
                                      .add<std::int32_t>("INPUT1", DataType::kInt32, {1, 2}, {1, 1})));
  }
  expect_as_alone(fixed, requests);
  EXPECT_EQ(largest_run(*fixed), 1U);

  const auto batched = serve_model(testing::identity_model(testing::kFloat, {-1, 2}));
  std::vector<std::unique_ptr<Request>> empty;
  for (int i = 0; i < 2; ++i) {
    empty.push_back(std::make_unique<Request>(Tensors().add<float>("x", DataType::kFp32, {0, 2}, {})));
  }
  expect_as_alone(batched, empty);
}

}  // namespace
}  // namespace slipway
