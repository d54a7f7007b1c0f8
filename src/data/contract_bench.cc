// What a contract costs a request, and how near a large batch comes to the speed of memory.
#include <benchmark/benchmark.h>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "data/bind.h"

namespace slipway {
namespace {

constexpr std::size_t kFields = 12;

BoundContract twelve_fields(const TensorSpec& spec, std::string_view extra = "") {
  std::string yaml =
      "apiVersion: v3.1.0\nkind: DataContract\nid: bench\nversion: 1.0.0\nstatus: active\nschema:\n  - name: rows\n"
      "    customProperties: [{property: tensor, value: x}]\n    properties:\n";
  for (std::size_t i = 0; i < kFields; ++i) {
    yaml += "      - {name: f" + std::to_string(i) +
            ", logicalType: number, logicalTypeOptions: {minimum: " + std::to_string(-5 - static_cast<int>(i)) +
            ", maximum: " + std::to_string(5 + i) + std::string(extra) + "}}\n";
  }
  return BoundContract::bind(*parse_contract(yaml), {&spec, 1}).value();
}

std::vector<float> uniform_values(std::size_t count) {
  std::mt19937 engine(7);
  std::uniform_real_distribution<float> values(-4, 4);
  std::vector<float> out(count);
  for (float& value : out) value = values(engine);
  return out;
}

void enforce_rows(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const TensorSpec spec{"x", DataType::kFp32, {-1, kFields}};
  const BoundContract contract = twelve_fields(spec);
  const std::vector<float> values = uniform_values(rows * kFields);
  const std::int64_t shape[] = {static_cast<std::int64_t>(rows), kFields};
  const TensorView view{"x", DataType::kFp32, shape, std::as_bytes(std::span(values)), {}};
  for (auto _ : state) {
    auto result = contract.enforce({&view, 1});
    benchmark::DoNotOptimize(result);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * values.size() * sizeof(float)));
}
BENCHMARK(enforce_rows)->Arg(1)->Arg(64)->Arg(1'000'000);

// The yardstick for the batch: the same memory, added up.
void read_memory(benchmark::State& state) {
  const std::vector<float> values = uniform_values(1'000'000 * kFields);
  for (auto _ : state) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < values.size(); i += 2) {
      std::uint64_t word = 0;
      std::memcpy(&word, &values[i], sizeof word);
      sum += word;
    }
    benchmark::DoNotOptimize(sum);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * values.size() * sizeof(float)));
}
BENCHMARK(read_memory);

void enforce_multiples(benchmark::State& state) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const TensorSpec spec{"x", DataType::kFp32, {-1, kFields}};
  const BoundContract contract = twelve_fields(spec, ", multipleOf: 0.5");
  std::vector<float> values(rows * kFields, 1.5F);
  const std::int64_t shape[] = {static_cast<std::int64_t>(rows), kFields};
  const TensorView view{"x", DataType::kFp32, shape, std::as_bytes(std::span(values)), {}};
  for (auto _ : state) {
    auto result = contract.enforce({&view, 1});
    benchmark::DoNotOptimize(result);
  }
}
BENCHMARK(enforce_multiples)->Arg(1)->Arg(1'000'000);

void refuse_one_row(benchmark::State& state) {
  const TensorSpec spec{"x", DataType::kFp32, {-1, kFields}};
  const BoundContract contract = twelve_fields(spec);
  std::vector<float> values(kFields, 100);
  const std::int64_t shape[] = {1, kFields};
  const TensorView view{"x", DataType::kFp32, shape, std::as_bytes(std::span(values)), {}};
  for (auto _ : state) {
    auto result = contract.enforce({&view, 1});
    benchmark::DoNotOptimize(result);
  }
}
BENCHMARK(refuse_one_row);

}  // namespace
}  // namespace slipway
