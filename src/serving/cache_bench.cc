// What a hit adds to a request: the key, the look-up and, of Redis, opening the seal.
#include <benchmark/benchmark.h>

#include "base/bytes.h"
#include "serving/memory_cache.h"
#include "serving/redis_cache.h"

namespace slipway {
namespace {

// A request of `state.range(0)` floats and its answer of ten.
struct Sample {
  explicit Sample(const benchmark::State& state)
      : values(static_cast<std::size_t>(state.range(0))), shape{1, state.range(0)} {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    inputs = {{"input", DataType::kFp32, shape, std::as_bytes(std::span(values)), {}}};
    outputs = {{"output", DataType::kFp32, answer_shape, std::as_bytes(std::span(answer_values)), {}}};
    answer = CachedAnswer::make(outputs, system_clock().now(), std::chrono::microseconds(10));
  }
  CacheQuestion question() const { return {.endpoint = "model", .version = version, .outputs = 1, .wanted = {}}; }

  std::vector<float> values;
  std::vector<std::int64_t> shape;
  std::vector<TensorView> inputs;
  std::array<float, 10> answer_values{};
  std::array<std::int64_t, 2> answer_shape{1, 10};
  std::vector<TensorView> outputs;
  std::shared_ptr<const CachedAnswer> answer;
  Digest version = sha256("a bundle");
  Secret secret{std::string(32, 's')};
};

void key(benchmark::State& state) {
  const Sample sample(state);
  CacheKeyMaker keys(sample.secret);
  for (auto _ : state) benchmark::DoNotOptimize(keys.make(sample.question(), sample.inputs));
}
BENCHMARK(key)->Arg(32)->Arg(784);

void hit_in_memory(benchmark::State& state) {
  const Sample sample(state);
  CacheKeyMaker keys(sample.secret);
  MemoryCache cache(1 << 20);
  cache.put(keys.make(sample.question(), sample.inputs), sample.answer);
  for (auto _ : state) benchmark::DoNotOptimize(cache.find(keys.make(sample.question(), sample.inputs)));
}
BENCHMARK(hit_in_memory)->Arg(32)->Arg(784);

void keep_in_memory(benchmark::State& state) {
  const Sample sample(state);
  MemoryCache cache(1 << 20);
  CacheKey key;
  std::uint64_t number = 0;
  for (auto _ : state) {
    key.digest = sha256(as_bytes(std::to_string(++number)));
    cache.put(key, CachedAnswer::make(sample.outputs, WallTime(), std::chrono::microseconds(10)));
  }
}
BENCHMARK(keep_in_memory)->Arg(32);

void unseal(benchmark::State& state) {
  const Sample sample(state);
  metrics::Registry registry;
  RedisOptions nobody;
  nobody.address = {"127.0.0.1", 1, "", 0};
  const RedisCache cache(std::move(nobody), sample.secret, registry);
  const CacheKey key{sample.version};
  const std::string value = cache.seal(key, sample.answer->bytes());
  for (auto _ : state) benchmark::DoNotOptimize(cache.unseal(key, value));
}
BENCHMARK(unseal)->Arg(32);

}  // namespace
}  // namespace slipway
