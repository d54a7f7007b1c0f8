#include <benchmark/benchmark.h>
#include <numeric>

#include "protocol/inference/encode.h"
#include "protocol/inference/fixture_test.h"

namespace slipway {
namespace {

void run(benchmark::State& state, InferFixture& fixture, const InferResponse& response) {
  InferRequest infer;
  HttpResponse http;
  for (auto _ : state) {
    const Status decoded = decode_infer(fixture.http, infer);
    http.headers.clear();
    const Status encoded = encode_infer(infer, response, http);
    if (!decoded || !encoded) return state.SkipWithError("refused");
    benchmark::DoNotOptimize(http.body.data());
  }
}

// Two INT32[1,16] in and out, as tritonclient sends them.
void BM_BinaryTwoInt32(benchmark::State& state) {
  InferFixture fixture(
      R"({"inputs":[{"name":"INPUT0","shape":[1,16],"datatype":"INT32","parameters":{"binary_data_size":64}},{"name":"INPUT1","shape":[1,16],"datatype":"INT32","parameters":{"binary_data_size":64}}],"outputs":[{"name":"OUTPUT0","parameters":{"binary_data":true}},{"name":"OUTPUT1","parameters":{"binary_data":true}}]})",
      std::string(128, '\x01'));
  const std::vector<std::int32_t> values(16, 7);
  const std::vector<std::int64_t> shape = {1, 16};
  TensorView output{.name = "OUTPUT0",
                    .type = DataType::kInt32,
                    .shape = shape,
                    .data = std::as_bytes(std::span(values)),
                    .strings = {}};
  InferResponse response{"simple", "1", "", {output, output}};
  response.outputs[1].name = "OUTPUT1";
  run(state, fixture, response);
}
BENCHMARK(BM_BinaryTwoInt32);

// Twelve floats in, two out, in JSON.
void BM_JsonTwelveFloats(benchmark::State& state) {
  InferFixture fixture(
      R"({"inputs":[{"name":"input","shape":[1,12],"datatype":"FP32","data":[0.0380759,0.0506801,0.0616962,0.0218724,-0.0442235,-0.0348208,-0.0434008,-0.00259226,0.0199075,-0.0176461,1.25,42.0]}]})");
  const std::vector<float> values = {0.12345678F, 0.87654322F};
  const std::vector<std::int64_t> shape = {1, 2};
  const TensorView output{.name = "probabilities",
                          .type = DataType::kFp32,
                          .shape = shape,
                          .data = std::as_bytes(std::span(values)),
                          .strings = {}};
  run(state, fixture, InferResponse{"diabetes", "1.0.0", "", {output}});
}
BENCHMARK(BM_JsonTwelveFloats);

void BM_JsonManyFloats(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<float> values(count);
  std::string data = "[";
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(i) * 0.001234567F;
    data += (i > 0 ? "," : "") + std::to_string(values[i]);
  }
  InferFixture fixture(one_input("FP32", "[" + std::to_string(count) + "]", data + "]"));
  const std::vector<std::int64_t> shape = {state.range(0)};
  const TensorView output{
      .name = "y", .type = DataType::kFp32, .shape = shape, .data = std::as_bytes(std::span(values)), .strings = {}};
  run(state, fixture, InferResponse{"m", "1", "", {output}});
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_JsonManyFloats)->Arg(784)->Arg(150'528);

}  // namespace
}  // namespace slipway
