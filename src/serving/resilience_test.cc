#include "serving/resilience.h"

#include <cmath>
#include <gmock/gmock.h>

#include "data/contract.h"
#include "serving/execution_test_case.h"

namespace slipway {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::HeldModel;
using testing::LoopExecutor;
using testing::row;
using testing::Tensors;

// y = 2 x over FP32[N,2]; the errors of `failures` come first, and an answer of NaN where x is NaN.
class FailingModel final : public LoadedModel {
 public:
  const ModelSignature& signature() const noexcept override { return inner_.signature(); }
  Result<std::unique_ptr<RunControl>> make_control() const override { return inner_.make_control(); }
  Status run(std::span<const TensorView> inputs, std::span<const std::uint32_t> wanted, RunOutputs& out,
             RunControl* control) const override {
    if (runs_++ < failures_) return fail(error_);
    return inner_.run(inputs, wanted, out, control);
  }
  void fail_next(int times, Code code, std::string_view reason = "test.failure") {
    failures_ = runs_ + times;
    error_ = Error{code, std::string(reason), "as the test wants it", {}};
  }
  int runs() const { return runs_; }

 private:
  HeldModel inner_;
  mutable int runs_ = 0;
  int failures_ = 0;
  Error error_;
};

std::shared_ptr<ServedVersion> serve(std::shared_ptr<const LoadedModel> model, std::string name, std::string version,
                                     bool is_inline = true) {
  auto served = testing::serve(std::move(model), {.is_inline = is_inline});
  served->model = std::move(name);
  served->version = std::move(version);
  served->digest = sha256(as_bytes(served->model + served->version));
  std::vector<TensorSpec> specs;
  for (const ModelTensor& input : served->runtime->signature().inputs) specs.push_back(input.spec);
  Contract contract = derive_contract("derived", specs);
  contract.objects.front().accepts_nan = true;
  for (ContractField& field : contract.objects.front().fields) field.accepts_nan = true;
  auto bound = BoundContract::bind(contract, specs);
  if (!bound) ADD_FAILURE() << bound.error().message;
  served->contract = std::make_shared<const BoundContract>(*std::move(bound));
  return served;
}

// Answers with one value, or not at all.
struct FakeRemotes final : Remotes {
  struct Endpoint final : RemoteEndpoint {
    explicit Endpoint(const FakeRemotes& remotes) : remotes_(remotes) {}
    Task<Status> infer(RemoteCall call, RunOutputs& out) const override {
      EXPECT_EQ(call.signature->outputs.front().spec.name, "y");
      if (!remotes_.answer) co_return fail(Code::kUnavailable, "remote.unreachable", "gone");
      auto storage = std::make_unique<Storage>();
      storage->value = {*remotes_.answer, *remotes_.answer};
      storage->tensors = {{"y", DataType::kFp32, storage->shape, std::as_bytes(std::span(storage->value)), {}}};
      out.storage() = std::move(storage);
      co_return Status();
    }
    const FakeRemotes& remotes_;
  };
  struct Storage final : RunOutputs::Storage {
    std::array<std::int64_t, 2> shape{1, 2};
    std::array<float, 2> value{};
    void clear() noexcept override { tensors.clear(); }
  };

  Status check(const RemoteTarget&) const override { return {}; }
  std::shared_ptr<const RemoteEndpoint> open(const RemoteTarget& target) const override {
    asked = target.url;
    return std::make_shared<const Endpoint>(*this);
  }
  Result<RemoteMetadata> describe(const RemoteTarget&, Monotonic) const override { return RemoteMetadata(); }
  std::shared_ptr<const RemoteWatch> watch(const RemoteTarget&, const Digest&, Monotonic) const override {
    return nullptr;
  }
  std::optional<float> answer;
  mutable std::string asked;
};

// Endpoint "model" with the versions 2.0.0, which answers, and 1.0.0; and endpoint "other".
class ResilienceTest : public ::testing::Test {
 protected:
  void use(std::string_view yaml) {
    auto policy = parse_policy(yaml);
    ASSERT_TRUE(policy) << policy.error().message;
    ServedModel& model = serving_.models["model"];
    model.versions = {old_version_, version_};
    model.current = version_;
    serving_.models["other"].versions = {other_};
    serving_.models["other"].current = other_;
    ASSERT_TRUE(check_policy(*policy, "model", serving_)) << check_policy(*policy, "model", serving_).error().message;
    auto state = EndpointState::bind(*policy, "model", metrics_, std::chrono::steady_clock::now(), &remotes_);
    ASSERT_TRUE(state) << state.error().message;
    model.state = *state;
    add_guards(serving_, std::chrono::steady_clock::now());
  }

  Result<GuardedVersion> look_up(std::string_view name, std::string_view version) {
    const auto model = serving_.models.find(name);
    if (model == serving_.models.end()) return fail(Code::kNotFound, "model.not_found", "none");
    auto found = version.empty() ? model->second.current : model->second.find(version);
    if (found == nullptr) return fail(Code::kNotFound, "model.version_not_served", "none");
    return GuardedVersion{found, model->second.guard_of(*found)};
  }
  Task<Result<GuardedVersion>> find(std::string_view name, std::string_view version) {
    co_return look_up(name, version);
  }

  // The error's reason, or "" for an answer.
  std::string ask(Tensors tensors, std::chrono::nanoseconds limit = hours(1), bool is_callers_deadline = false) {
    execution_.clear();
    degradation_.clear();
    const auto asked = look_up("model", "");
    const auto inputs = tensors.views();
    const Monotonic begin = std::chrono::steady_clock::now();
    const ResilientCall call{
        .execute = {.executor = &executor_, .deadline = begin + limit, .priority = 0, .caller = "a"},
        .began = begin,
        .is_callers_deadline = is_callers_deadline,
        .asked = *asked,
        .inputs = inputs,
        .wanted = {}};
    std::optional<Status> outcome;
    start(resilience_.answer(call, {}, execution_, degradation_), [&](Status status) { outcome = std::move(status); });
    EXPECT_TRUE(executor_.run_until([&] { return outcome.has_value(); }));
    return *outcome ? "" : outcome->error().reason;
  }
  std::string ask() { return ask(row(1)); }
  float answered() const {
    const TensorView& output =
        degradation_.made.tensors.empty() ? execution_.outputs()[0] : degradation_.made.tensors[0];
    float value = 0;
    std::memcpy(&value, output.data.data(), sizeof value);
    return value;
  }
  VersionGuard& guard() { return *look_up("model", "")->guard; }

  LoopExecutor executor_;
  DeadlineTimer timer_;
  Engine engine_{timer_};
  metrics::Registry registry_;
  PolicyMetrics metrics_{registry_};
  FakeRemotes remotes_;
  std::shared_ptr<FailingModel> model_ = std::make_shared<FailingModel>();
  std::shared_ptr<FailingModel> old_model_ = std::make_shared<FailingModel>();
  std::shared_ptr<FailingModel> other_model_ = std::make_shared<FailingModel>();
  std::shared_ptr<ServedVersion> version_ = serve(model_, "model", "2.0.0");
  std::shared_ptr<ServedVersion> old_version_ = serve(old_model_, "model", "1.0.0");
  std::shared_ptr<ServedVersion> other_ = serve(other_model_, "other", "5.0.0");
  ServingSnapshot serving_;
  Resilience resilience_{
      engine_, timer_,
      [this](std::string_view model, std::string_view version, Monotonic, Executor&) { return find(model, version); }};
  Execution execution_;
  Degradation degradation_;
};

TEST_F(ResilienceTest, AVersionThatAnswersIsNotDegraded) {
  use("{retry: {}, breaker: {}, fallback: [{version: 1.0.0}], default: {y: 0}}");
  EXPECT_EQ(ask(), "");
  EXPECT_FALSE(degradation_);
  EXPECT_EQ(answered(), 2);
  EXPECT_EQ(old_model_->runs(), 0);
}

TEST_F(ResilienceTest, ATransientErrorIsTriedAgain) {
  use("retry: {attempts: 3, backoffFirst: 1ms}");
  model_->fail_next(2, Code::kUnavailable);
  EXPECT_EQ(ask(), "");
  EXPECT_FALSE(degradation_);
  EXPECT_EQ(model_->runs(), 3);
  EXPECT_EQ(guard().state->retries().value(), 2);
}

TEST_F(ResilienceTest, AnAttemptIsNotMadeForOtherErrorsNorPastTheLast) {
  use("retry: {attempts: 3, backoffFirst: 1ms}");
  model_->fail_next(1, Code::kInternal);
  EXPECT_EQ(ask(), "test.failure");
  EXPECT_EQ(model_->runs(), 1);
  model_->fail_next(9, Code::kUnavailable);
  EXPECT_EQ(ask(), "test.failure");
  EXPECT_EQ(model_->runs(), 4);
}

TEST_F(ResilienceTest, RetriesStayWithinTheirBudget) {
  use("retry: {attempts: 2, backoffFirst: 1us, backoffMax: 1us, budgetRatio: 10%, budgetPerSecond: 0}");
  model_->fail_next(1'000, Code::kUnavailable);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(ask(), "test.failure");
  EXPECT_EQ(guard().state->retries().value(), 5);
}

TEST_F(ResilienceTest, AnotherVersionAnswers) {
  use("fallback: [{version: 1.0.0}]");
  model_->fail_next(1, Code::kInternal, "run.failed");
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(degradation_.source, "version");
  EXPECT_EQ(degradation_.reason, "run.failed");
  EXPECT_EQ(degradation_.mark, R"(source="version"; reason="run.failed")");
  EXPECT_EQ(degradation_.version, old_version_);
  EXPECT_EQ(answered(), 2);
}

TEST_F(ResilienceTest, TheChainIsTriedInOrder) {
  use("fallback: [{version: 1.0.0}, {endpoint: other}, {rules: [{outputs: {y: 7}}]}]\ndefault: {y: 8}");
  model_->fail_next(2, Code::kInternal);
  old_model_->fail_next(2, Code::kInternal);
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(degradation_.source, "endpoint");
  EXPECT_EQ(degradation_.version, other_);
  other_model_->fail_next(1, Code::kInternal);
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(degradation_.source, "rules");
  EXPECT_EQ(answered(), 7);
}

TEST_F(ResilienceTest, ARemoteAnswersOrLeavesItToTheNextStep) {
  use("fallback: [{remote: {url: 'http://far:8000', model: b}}, {version: 1.0.0}]");
  model_->fail_next(2, Code::kInternal);
  remotes_.answer = 9;
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(degradation_.mark, R"(source="remote"; reason="test.failure")");
  EXPECT_EQ(degradation_.version, nullptr);
  EXPECT_EQ(answered(), 9);
  EXPECT_EQ(remotes_.asked, "http://far:8000");
  remotes_.answer.reset();
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(degradation_.source, "version");
}

TEST_F(ResilienceTest, ARemotesAnswerIsHeldToThePolicyToo) {
  use("notFinite: reject\nfallback: [{remote: {url: 'http://far:8000', model: b}}]");
  model_->fail_next(1, Code::kInternal);
  remotes_.answer = std::nanf("");
  EXPECT_EQ(ask(), "test.failure");
}

TEST_F(ResilienceTest, RulesWithoutAnAnswerLeaveItToTheDefault) {
  use("fallback: [{rules: [{when: {column: 'x[0]', less: 0}, outputs: {y: 7}}]}]\ndefault: {y: [8, 9]}");
  model_->fail_next(1, Code::kInternal);
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(degradation_.source, "default");
  EXPECT_EQ(answered(), 8);
  EXPECT_EQ(guard().state->policy().fallback.size(), 1U);
}

TEST_F(ResilienceTest, ErrorsOfTheCallerAndOurLimitsAreAnsweredAsTheyAre) {
  use("{breaker: {callsMin: 1}, fallback: [{version: 1.0.0}], default: {y: 0}}");
  for (const auto& [code, reason] : std::initializer_list<std::pair<Code, std::string>>{
           {Code::kInvalidArgument, "run.invalid_input"}, {Code::kResourceExhausted, "serving.queue_full"}}) {
    model_->fail_next(1, code, reason);
    EXPECT_EQ(ask(), reason);
    EXPECT_EQ(guard().breaker->state(), BreakerState::kClosed);
  }
  EXPECT_EQ(old_model_->runs(), 0);
}

TEST_F(ResilienceTest, AnOpenBreakerKeepsTheVersionFromBeingRun) {
  use("{breaker: {callsMin: 2, openFor: 60s}, retry: {backoffFirst: 1ms}, default: {y: 5}}");
  model_->fail_next(2, Code::kInternal);
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(guard().breaker->state(), BreakerState::kOpen);
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(degradation_.reason, "serving.breaker_open");
  EXPECT_EQ(model_->runs(), 2);
  EXPECT_EQ(guard().state->retries().value(), 0);
}

TEST_F(ResilienceTest, TheBreakerOfAVersionOutlivesPublications) {
  use("{breaker: {callsMin: 1, openFor: 60s}}");
  model_->fail_next(1, Code::kInternal);
  EXPECT_EQ(ask(), "test.failure");
  const auto before = look_up("model", "")->guard;
  add_guards(serving_, std::chrono::steady_clock::now());
  EXPECT_EQ(look_up("model", "")->guard, before);
  EXPECT_EQ(ask(), "serving.breaker_open");
}

TEST_F(ResilienceTest, ABreakerRecoversWithGoodProbes) {
  use("{breaker: {callsMin: 1, openFor: 1ms, probes: 2}}");
  model_->fail_next(1, Code::kInternal);
  EXPECT_EQ(ask(), "test.failure");
  std::this_thread::sleep_for(milliseconds(3));  // open for 1 ms, up to a quarter longer, in whole milliseconds
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(guard().breaker->state(), BreakerState::kHalfOpen);
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(guard().breaker->state(), BreakerState::kClosed);
}

TEST_F(ResilienceTest, AnAnswerThatIsNotFiniteIsAFailureWhereThePolicySaysSo) {
  const float nan = std::nanf("");
  use("notFinite: allow");
  EXPECT_EQ(ask(row(nan)), "");
  use("{notFinite: reject, default: {y: 1}}");
  EXPECT_EQ(ask(row(nan)), "");
  EXPECT_EQ(degradation_.reason, "serving.not_finite");
  EXPECT_EQ(answered(), 1);
  EXPECT_EQ(ask(row(HUGE_VALF)), "");
  EXPECT_EQ(degradation_.reason, "serving.not_finite");
  EXPECT_EQ(ask(), "");
  EXPECT_FALSE(degradation_);
}

TEST_F(ResilienceTest, ARunThatHangsLeavesTimeForAnotherVersion) {
  const auto hanging = std::make_shared<HeldModel>();
  hanging->hold();
  version_ = serve(hanging, "model", "2.0.0", false);
  use("{fallback: [{version: 1.0.0}]}");
  EXPECT_EQ(ask(row(1), milliseconds(80)), "");
  EXPECT_EQ(degradation_.source, "version");
  EXPECT_EQ(degradation_.reason, "serving.deadline");
  hanging->await_terminated(1);
}

TEST_F(ResilienceTest, ADefaultIsGivenAlsoWhenAllTimeIsSpent) {
  const auto hanging = std::make_shared<HeldModel>();
  hanging->hold();
  version_ = serve(hanging, "model", "2.0.0", false);
  use("{default: {y: 3}}");
  EXPECT_EQ(ask(row(1), milliseconds(20)), "");
  EXPECT_EQ(degradation_.source, "default");
  EXPECT_EQ(answered(), 3);
  hanging->await_terminated(1);
}

TEST_F(ResilienceTest, ADeadlineThatNoRunCouldMeetSaysNothingOfTheVersion) {
  const auto hanging = std::make_shared<HeldModel>();
  version_ = serve(hanging, "model", "2.0.0", false);
  use("{breaker: {callsMin: 1}}");
  guard().estimate.observe(milliseconds(500));
  hanging->hold();
  EXPECT_EQ(ask(row(1), milliseconds(10), true), "serving.deadline");
  EXPECT_EQ(guard().breaker->state(), BreakerState::kClosed);
  EXPECT_EQ(ask(row(1), milliseconds(10), false), "serving.deadline");
  EXPECT_EQ(guard().breaker->state(), BreakerState::kOpen);
  hanging->await_terminated(2);
}

TEST_F(ResilienceTest, AnotherVersionWithoutTheOutputsIsPassedOver) {
  const auto type = testing::tensor_type(testing::kFloat, {-1, 2});
  const testing::Graph graph{.nodes = {testing::node("Identity", {"x"}, {"z"})},
                             .inputs = {testing::value_info("x", type)},
                             .outputs = {testing::value_info("z", type)}};
  old_version_ = serve(testing::load_onnx(testing::model_bytes({.graph = graph})), "model", "1.0.0");
  use("{fallback: [{version: 1.0.0}], default: {y: 4}}");
  model_->fail_next(1, Code::kInternal);
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(degradation_.source, "default");
}

TEST_F(ResilienceTest, ChecksAPolicyAgainstWhatIsServed) {
  use("timeout: 1s");
  const auto reason = [&](std::string_view yaml) {
    const Status status = check_policy(*parse_policy(yaml), "model", serving_);
    return status ? "" : status.error().reason;
  };
  EXPECT_EQ(reason("fallback: [{version: 1.0.0}]"), "");
  EXPECT_EQ(reason("fallback: [{version: 3.0.0}]"), "policy.unknown_version");
  EXPECT_EQ(reason("fallback: [{endpoint: another}]"), "policy.unknown_endpoint");
  EXPECT_EQ(reason("fallback: [{endpoint: other, version: 1.0.0}]"), "policy.unknown_version");
  EXPECT_EQ(reason("fallback: [{endpoint: model}]"), "policy.cycle");
  EXPECT_EQ(reason("fallback: [{remote: {url: 'http://a', model: b}}]"), "");
  EXPECT_EQ(reason("fallback: [{stale: true}]"), "policy.unsupported");
  EXPECT_EQ(reason("fallback: [{rules: [{when: {column: z, less: 1}, outputs: {y: 1}}]}]"), "policy.unknown_column");
  EXPECT_EQ(reason("default: {z: 1}"), "policy.unknown_output");
  EXPECT_EQ(reason("default: {y: [1, 2, 3]}"), "policy.bad_output");
}

TEST_F(ResilienceTest, TheLimitOfTheEndpointRefusesTheLeastImportantFirst) {
  use("limit: {adaptive: false, concurrencyMax: 4, levelShares: [1, 0.5]}");
  EndpointState& state = *guard().state;
  std::vector<AdaptiveLimit::Place> places;
  for (int i = 0; i < 2; ++i) places.push_back(*state.try_enter(2));
  EXPECT_FALSE(state.try_enter(2));
  for (int i = 0; i < 2; ++i) places.push_back(*state.try_enter(1));
  EXPECT_FALSE(state.try_enter(1));
  places.clear();
  EXPECT_TRUE(state.try_enter(2));
}

}  // namespace
}  // namespace slipway
