// What one call costs above the model itself: the sample "simple" (two INT32[1,16]) and a classifier that ends in
// ZipMap.
#include <benchmark/benchmark.h>

#include "base/bytes.h"
#include "runtime/onnx_model.h"
#include "runtime/testing/onnx_builder.h"

namespace slipway {
namespace {

std::shared_ptr<const OnnxModel> load(const std::string& bytes, OnnxLoadOptions::Arena arena) {
  static const auto runtime = OnnxRuntime::open({.library_path = "", .intra_threads = 1});
  if (!runtime) std::abort();
  OnnxLoadOptions options;
  options.arena = arena;
  const auto model = OnnxModel::load(*runtime, {as_bytes(bytes), {}}, options);
  return model ? *model : nullptr;
}

void run_add_sub(benchmark::State& state, const LoadedModel* model) {
  if (model == nullptr) return state.SkipWithError("the model does not load");
  const std::vector<std::int32_t> values(16, 7);
  const std::vector<std::int64_t> shape = {1, 16};
  const std::vector<TensorView> inputs = {{"INPUT0", DataType::kInt32, shape, std::as_bytes(std::span(values)), {}},
                                          {"INPUT1", DataType::kInt32, shape, std::as_bytes(std::span(values)), {}}};
  RunOutputs out;
  for (auto _ : state) {
    if (!model->run(inputs, {}, out)) return state.SkipWithError("the model does not run");
    benchmark::DoNotOptimize(out.tensors().data());
  }
}

// Shared by the threads of one benchmark; the arena's lock shows with more than one.
void AddSub(benchmark::State& state) {
  static const auto model = load(testing::add_sub_model({-1, 16}), OnnxLoadOptions::Arena::kOff);
  run_add_sub(state, model.get());
}
BENCHMARK(AddSub)->ThreadRange(1, 2)->UseRealTime();

void AddSubWithArena(benchmark::State& state) {
  static const auto model = load(testing::add_sub_model({-1, 16}), OnnxLoadOptions::Arena::kOn);
  run_add_sub(state, model.get());
}
BENCHMARK(AddSubWithArena)->ThreadRange(1, 2)->UseRealTime();

void ZipMap(benchmark::State& state) {
  static const auto model = load(testing::zipmap_model(false), OnnxLoadOptions::Arena::kOff);
  if (!model) return state.SkipWithError("the model does not load");
  const std::int64_t rows = state.range(0);
  const std::vector<float> scores(static_cast<std::size_t>(rows) * 3, 0.25F);
  const std::vector<std::int64_t> shape = {rows, 3};
  const std::vector<TensorView> inputs = {{"scores", DataType::kFp32, shape, std::as_bytes(std::span(scores)), {}}};
  RunOutputs out;
  for (auto _ : state) {
    if (!model->run(inputs, {}, out)) return state.SkipWithError("the model does not run");
    benchmark::DoNotOptimize(out.tensors().data());
  }
}
BENCHMARK(ZipMap)->Arg(1)->Arg(1000);

void Inspect(benchmark::State& state) {
  const std::string bytes = testing::add_sub_model({-1, 16});
  for (auto _ : state) benchmark::DoNotOptimize(inspect_onnx(as_bytes(bytes)));
}
BENCHMARK(Inspect);

}  // namespace
}  // namespace slipway
