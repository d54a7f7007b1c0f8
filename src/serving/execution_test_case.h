// For tests of the execution of requests: versions over real models and over one whose timing is controlled, an event
// loop, and a request that is started and answered later.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <gtest/gtest.h>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/metrics.h"
#include "runtime/onnx_model.h"
#include "runtime/testing/onnx_builder.h"
#include "serving/execution.h"

namespace slipway::testing {

// The loop of one I/O thread: this test's own.
class LoopExecutor final : public Executor {
 public:
  void post(std::coroutine_handle<> handle) override {
    std::lock_guard lock(mutex_);
    ready_.push_back(handle);
    changed_.notify_one();
  }
  // Resumes what is posted, in order, until `is_done`; false after ten seconds.
  template <typename Done>
  bool run_until(Done is_done) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_done()) {
      std::unique_lock lock(mutex_);
      if (!changed_.wait_until(lock, limit, [this] { return !ready_.empty(); })) return false;
      const auto handle = ready_.front();
      ready_.pop_front();
      lock.unlock();
      handle.resume();
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::coroutine_handle<>> ready_;
};

// y = 2 x over FP32[N,2]. Notes the first value of each row of each run; a run waits while it is held, or until it is
// terminated; a negative value makes it fail.
class HeldModel final : public LoadedModel {
 public:
  HeldModel() {
    signature_.inputs = {{{"x", DataType::kFp32, {-1, 2}}, true, true}};
    signature_.outputs = {{{"y", DataType::kFp32, {-1, 2}}, true, true}};
    signature_.is_batchable = true;
  }
  const ModelSignature& signature() const noexcept override { return signature_; }

  struct Control final : RunControl {
    void terminate() noexcept override { is_terminated = true; }
    void rearm() noexcept override { is_terminated = false; }
    std::atomic<bool> is_terminated{false};
  };
  Result<std::unique_ptr<RunControl>> make_control() const override { return std::make_unique<Control>(); }

  Status run(std::span<const TensorView> inputs, std::span<const std::uint32_t>, RunOutputs& out,
             RunControl* control) const override {
    const std::size_t count = inputs[0].data.size() / sizeof(float);
    std::vector<float> values(count);
    std::memcpy(values.data(), inputs[0].data.data(), inputs[0].data.size());
    {
      std::unique_lock lock(mutex_);
      const std::size_t number = runs_.size();
      auto& rows = runs_.emplace_back();
      for (std::size_t i = 0; i < count; i += 2) rows.push_back(values[i]);
      changed_.notify_all();
      while (number >= may_end_ && !is_terminated(control)) changed_.wait_for(lock, std::chrono::milliseconds(1));
      if (is_terminated(control)) {
        ++terminated_;
        changed_.notify_all();
        return fail(Code::kDeadlineExceeded, "run.terminated", "stopped");
      }
    }
    for (float& value : values) {
      if (value < 0) return fail(Code::kInvalidArgument, "run.invalid_input", "a negative value");
      value *= 2;
    }
    auto storage = std::make_unique<Storage>();
    storage->values = std::move(values);
    storage->shape.assign(inputs[0].shape.begin(), inputs[0].shape.end());
    storage->tensors = {{"y", DataType::kFp32, storage->shape, std::as_bytes(std::span(storage->values)), {}}};
    out.storage() = std::move(storage);
    return {};
  }

  void hold() { set_may_end(runs().size()); }  // runs that begin from now on
  void release() { set_may_end(SIZE_MAX); }
  void release_one() {
    std::lock_guard lock(mutex_);
    ++may_end_;
    changed_.notify_all();
  }
  void await_runs(std::size_t count) const {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return runs_.size() >= count; }));
  }
  std::vector<std::vector<float>> runs() const {
    std::lock_guard lock(mutex_);
    return runs_;
  }
  int terminated() const {
    std::lock_guard lock(mutex_);
    return terminated_;
  }
  void await_terminated(int count) const {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return terminated_ >= count; }));
  }

 private:
  struct Storage final : RunOutputs::Storage {
    void clear() noexcept override { tensors.clear(); }
    std::vector<float> values;
    std::vector<std::int64_t> shape;
  };
  void set_may_end(std::size_t number) {
    std::lock_guard lock(mutex_);
    may_end_ = number;
    changed_.notify_all();
  }
  static bool is_terminated(const RunControl* control) {
    return control != nullptr && static_cast<const Control*>(control)->is_terminated;
  }

  ModelSignature signature_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable std::vector<std::vector<float>> runs_;
  mutable int terminated_ = 0;
  std::size_t may_end_ = SIZE_MAX;  // runs with a lower number are not held
};

inline std::shared_ptr<const OnnxModel> load_onnx(const std::string& bytes) {
  static const auto runtime = OnnxRuntime::open({.library_path = "", .intra_threads = 1});
  if (!runtime) ADD_FAILURE() << runtime.error().message;
  auto model = OnnxModel::load(*runtime, {as_bytes(bytes), {}});
  if (!model) ADD_FAILURE() << model.error().message;
  return *model;
}

struct VersionOptions {
  bool is_inline = true;
  BatchPlan plan = {};
  BatchPolicy policy = {};
  CostCurve curve = {};
  unsigned threads = 1;
  std::size_t queue_max = 256;
};

inline std::shared_ptr<ServedVersion> serve(std::shared_ptr<const LoadedModel> model, const VersionOptions& options) {
  auto version = std::make_shared<ServedVersion>();
  version->model = "model";
  version->version = "1.0.0";
  if (options.is_inline) version->inline_budget = InlineBudget(model->signature(), 0.001, std::chrono::seconds(1));
  version->runtime = std::move(model);
  version->batch_policy = options.policy;
  version->batch_plan = options.plan;
  version->statistics = std::make_shared<BatchStatistics>(64);
  version->runners = std::make_unique<RunnerPool>(RunnerOptions{.threads = options.threads,
                                                                .queue_max = options.queue_max,
                                                                .policy = options.policy,
                                                                .plan = options.plan,
                                                                .curve = options.curve});
  return version;
}

// The tensors of a request, kept.
struct Tensors {
  struct Kept {
    std::string name;
    DataType type;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> data;
    std::vector<std::string> texts;
    std::vector<std::string_view> strings;
  };
  template <typename T>
  Tensors& add(std::string name, DataType type, std::vector<std::int64_t> shape, const std::vector<T>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    kept.push_back({std::move(name), type, std::move(shape), {bytes.begin(), bytes.end()}, {}, {}});
    return *this;
  }
  Tensors& add_texts(std::string name, std::vector<std::int64_t> shape, std::vector<std::string> texts) {
    kept.push_back({std::move(name), DataType::kBytes, std::move(shape), {}, std::move(texts), {}});
    return *this;
  }
  std::vector<TensorView> views() {
    std::vector<TensorView> views;
    for (Kept& tensor : kept) {
      tensor.strings.assign(tensor.texts.begin(), tensor.texts.end());
      views.push_back({tensor.name, tensor.type, tensor.shape, tensor.data, tensor.strings});
    }
    return views;
  }
  std::vector<Kept> kept;
};

// Row `value` of a HeldModel.
inline Tensors row(float value) { return Tensors().add<float>("x", DataType::kFp32, {1, 2}, {value, value}); }

// A request from its start to its answer. Outlives the engine's work on it.
struct Request {
  explicit Request(Tensors sent) : tensors(std::move(sent)), inputs(tensors.views()) {}

  void start(Engine& engine, Executor& executor, std::shared_ptr<const ServedVersion> version,
             std::chrono::nanoseconds limit = std::chrono::hours(1)) {
    const ExecuteCall call{.executor = &executor,
                           .deadline = std::chrono::steady_clock::now() + limit,
                           .priority = priority,
                           .caller = caller,
                           .cancellation = &cancellation};
    slipway::start(engine.execute(call, std::move(version), inputs, wanted, execution), [this](Status status) {
      outcome = std::move(status);
      if (on_answer) on_answer();
    });
  }
  bool is_answered() const { return outcome.has_value(); }
  std::string reason() const { return !outcome ? "none" : *outcome ? "" : outcome->error().reason; }
  template <typename T>
  std::vector<T> values(std::size_t output = 0) const {
    const TensorView& tensor = execution.outputs()[output];
    std::vector<T> read(tensor.data.size() / sizeof(T));
    std::memcpy(read.data(), tensor.data.data(), tensor.data.size());
    return read;
  }

  Tensors tensors;
  std::vector<TensorView> inputs;
  std::vector<std::uint32_t> wanted;
  std::uint64_t priority = 0;
  std::string caller = "someone";
  Cancellation cancellation;
  std::function<void()> on_answer;
  Execution execution;
  std::optional<Status> outcome;
};

}  // namespace slipway::testing
